// One V4L2 capture node: who it is, its picture format, its rate.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"
#include "capture/v4l2_format.h"

namespace kvm {

// Pictures a second as a fraction: 30000/1001.
struct Rate {
  std::uint32_t pictures = 0, seconds = 1;
  double hz() const noexcept { return seconds ? static_cast<double>(pictures) / seconds : 0; }
};

// "30", "29.97", "30000/1001", "1/60": above 0 and up to 1000. nullopt otherwise.
std::optional<Rate> parse_rate(std::string_view text);

// A name that a driver tells: in a field of fixed length, of any bytes.
template <std::size_t N>
std::string name_in(const std::uint8_t (&field)[N]) {
  const std::string_view all(reinterpret_cast<const char*>(field), N);
  return printable(all.substr(0, all.find('\0')));
}

class V4l2Node {
 public:
  // Opens PATH, non-blocking. Throws Error: missing or no capture device (66), busy (75),
  // permission (77).
  explicit V4l2Node(const std::string& path);

  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }
  const std::string& driver() const noexcept { return driver_; }
  const std::string& card() const noexcept { return card_; }
  const std::string& bus() const noexcept { return bus_; }
  // V4L2_BUF_TYPE_VIDEO_CAPTURE, or V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE.
  std::uint32_t type() const noexcept { return type_; }
  bool multi_planar() const noexcept;

  // An ioctl(2), retried on EINTR: true, or false and errno.
  bool ask(unsigned long request, void* argument) const noexcept;
  // The same where a failure ends the job: throws "PATH: NAME: reason".
  void must(unsigned long request, void* argument, const char* name) const;

  // The driver may choose another size. Throws where it has no such fourcc (78) or is busy (75).
  PictureFormat set_format(std::uint32_t fourcc, int width, int height) const;
  PictureFormat format() const;
  // What the driver says it delivers, after asking for `rate` if there is one; nullopt where it
  // does not tell.
  std::optional<Rate> rate(std::optional<Rate> wanted = std::nullopt) const;

 private:
  std::string path_, driver_, card_, bus_;
  std::uint32_t type_ = 0;
  Fd fd_;
};

}  // namespace kvm
