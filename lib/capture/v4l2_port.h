// An open V4L2 device or subdevice, and the ioctls on it.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/text.h"

namespace kvm {

// The hints in errors about devices, as string literals. A tool replaces them by hints that name
// its own options.
struct V4l2Hints {
  const char* missing = "is the device plugged in?";  // the node does not exist
  const char* none_found = "is it plugged in?";       // "auto" found no device
  const char* unsuitable = "";  // not a capture device, or without the wanted format or control
  const char* no_bandwidth =    // the USB bus is full
      "try a compressed format, a lower rate or size, or another port";
};

// The text that a driver put into a field of fixed length, made printable.
template <class Char, std::size_t N>
std::string name_in(const Char (&field)[N]) {
  static_assert(sizeof(Char) == 1);
  const std::string_view text(reinterpret_cast<const char*>(field), N);
  return printable(text.substr(0, text.find('\0')));
}

class V4l2Port {
 public:
  // Opens `path` in non-blocking mode. Throws Error: the node is missing (66), is busy (75), or
  // must not be opened (77).
  explicit V4l2Port(const std::string& path, const V4l2Hints& hints = {});

  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }
  const V4l2Hints& hints() const noexcept { return hints_; }

  // Calls ioctl(2), again after EINTR. Returns false and sets errno if it fails.
  bool ask(unsigned long request, void* argument) const noexcept;
  // The same, but throws Error "PATH: NAME: reason" if it fails.
  void must(unsigned long request, void* argument, const char* name) const;

 private:
  V4l2Hints hints_;
  std::string path_;
  Fd fd_;
};

}  // namespace kvm
