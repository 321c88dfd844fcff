// Buffers that a driver fills, lent out one picture at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/io.h"
#include "capture/v4l2_node.h"

namespace kvm {

class V4l2Stream;

// A filled buffer. Its memory is readable until this object is destroyed, which returns the buffer
// to the driver. If the driver has too few buffers to lend one, this is a copy.
class LentPicture {
 public:
  LentPicture() = default;
  LentPicture(LentPicture&& other) noexcept { *this = std::move(other); }
  LentPicture& operator=(LentPicture&& other) noexcept;
  ~LentPicture() { give_back(); }

  explicit operator bool() const noexcept { return count_ > 0; }
  std::span<const Bytes> memory() const noexcept { return {memory_.data(), count_}; }
  std::int64_t time_us() const noexcept { return time_us_; }     // unix time
  std::uint32_t sequence() const noexcept { return sequence_; }  // the driver's count

 private:
  friend class V4l2Stream;
  void give_back() noexcept;
  void copy_memory();

  std::shared_ptr<V4l2Stream> stream_;  // null: nothing to give back
  std::vector<std::uint8_t> copy_;
  std::uint32_t index_ = 0, sequence_ = 0;
  std::int64_t time_us_ = 0;
  std::array<Bytes, 3> memory_{};
  std::size_t count_ = 0;
};

enum class Taken {
  kPicture,
  kNothing,  // no picture is ready
  kFlawed,   // the picture is empty or the driver flagged an error; its buffer was given back
  kBroken,   // the stream must be restarted (EIO, EPIPE: signal loss)
  kGone,     // the device was unplugged
};

class V4l2Stream : public std::enable_shared_from_this<V4l2Stream> {
 public:
  // Requests, maps and queues buffers. Borrows `node` until stop().
  // The driver may grant fewer buffers, down to one. Throws Error: another program streams from the
  // device (75), or the driver refuses.
  static std::shared_ptr<V4l2Stream> prepare(const V4l2Node& node, std::uint32_t buffers);
  ~V4l2Stream();
  V4l2Stream(const V4l2Stream&) = delete;
  V4l2Stream& operator=(const V4l2Stream&) = delete;

  // Throws Error if the driver refuses. Its code() is EINVAL if unicam and rp1-cfe have too few CSI
  // lanes for the signal.
  void start();
  Taken take(LentPicture& into);
  // Lent pictures stay readable, but their buffers are no longer returned to the driver.
  void stop() noexcept;

 private:
  friend class LentPicture;
  struct Mapping {
    void* start = nullptr;
    std::size_t bytes = 0;
  };
  explicit V4l2Stream(const V4l2Node& node) : node_(&node) {}
  void map(std::uint32_t index);
  bool queue(std::uint32_t index) const noexcept;

  const V4l2Node* node_;  // null once stopped
  std::vector<std::vector<Mapping>> buffers_;
};

}  // namespace kvm
