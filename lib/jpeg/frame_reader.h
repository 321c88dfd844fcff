// Cuts a byte stream into whole JPEG images: images back to back, or multipart/x-mixed-replace with
// any boundary. It need not be told which: all that lies between two images is looked at, then
// dropped.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/io.h"
#include "jpeg/frame_facts.h"
#include "jpeg/walker.h"

namespace kvm {

// One image in memory of its own, with room before and behind it, so that a header and a trailer
// can be put around it without a copy.
struct ReadFrame {
  static constexpr std::size_t kBefore = 512, kBehind = 128;

  std::unique_ptr<std::uint8_t[]> memory;
  std::size_t offset = 0;  // of SOI: at least kBefore
  JpegInfo info;           // info.size bytes, then at least kBehind that may be written
  std::optional<std::int64_t>
      stamp_us;  // X-Timestamp of its part (unix time), as uStreamer writes it

  Bytes jpeg() const noexcept { return {memory.get() + offset, info.size}; }
  // What the image says of itself; its time is that of its part where it says none.
  FrameFacts facts() const noexcept;
};

// Why bytes or images were passed over.
enum class Dropped { kGarbage, kTruncated, kBroken, kTooLarge };
constexpr int kDroppedReasons = 4;
// "garbage" (bytes between images that are no part header), "truncated", "broken", "too_large".
const char* name_of(Dropped reason) noexcept;

class FrameReader {
 public:
  // Holds at most twice `limit_bytes`; a longer image is dropped.
  explicit FrameReader(std::size_t limit_bytes = 16u << 20);

  // Where the next read(2) goes: at least 64 KiB. Then say how much came.
  std::span<std::uint8_t> space();
  void filled(std::size_t bytes) noexcept { end_ += bytes; }

  // The next whole image; nullopt: more input is needed.
  std::optional<ReadFrame> next();

  // At the end of the input; next() then yields what may be hidden behind an image cut short.
  void finish() noexcept { ended_ = true; }

  // Times each reason was met, by Dropped.
  const std::array<std::uint64_t, kDroppedReasons>& dropped() const noexcept { return dropped_; }
  bool multipart() const noexcept { return multipart_; }

 private:
  Bytes pending() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  void between(std::string_view gap);
  bool find_image();
  ReadFrame take();
  void give_up(Dropped reason);
  void skip(std::size_t bytes) noexcept;
  void drop(Dropped reason) noexcept { ++dropped_[static_cast<std::size_t>(reason)]; }

  std::size_t limit_, capacity_;
  std::unique_ptr<std::uint8_t[]> memory_;
  std::size_t begin_ = ReadFrame::kBefore, end_ = begin_;  // what is not dealt with yet
  std::size_t searched_ = 0;                               // bytes after begin_ that hold no SOI
  bool in_image_ = false;                                  // SOI is at begin_
  std::size_t doubtful_ = 0;  // bytes after begin_ that images which came to nothing had covered
  int retries_ = 0;           // images begun in them
  bool bad_gap_ = false;      // the gap before the next image is already counted
  bool multipart_ = false;
  bool ended_ = false;
  JpegWalker walker_;
  std::optional<std::int64_t> stamp_us_;
  std::array<std::uint64_t, kDroppedReasons> dropped_{};
};

}  // namespace kvm
