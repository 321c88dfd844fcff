// Cuts a byte stream into whole JPEG images, and cleans them as clean_jpeg() does. The images
// follow each other directly, or as multipart/x-mixed-replace with any boundary; the bytes between
// two images show the reader which.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/io.h"
#include "jpeg/clean_mjpeg.h"
#include "jpeg/frame_facts.h"
#include "jpeg/marker_walker.h"

namespace kvm {

// One whole image that owns its memory.
struct JpegImage {
  std::unique_ptr<std::uint8_t[]> memory;
  std::size_t offset = 0;  // of SOI in `memory`
  JpegInfo info;
  // X-Timestamp of the image's part (unix time), as uStreamer writes it.
  std::optional<std::int64_t> part_time_us;

  Bytes bytes() const noexcept { return {memory.get() + offset, info.size}; }
  // The facts in the image's comment. If it has no time, the time is part_time_us.
  FrameFacts facts() const noexcept;
};

// Why the reader skipped bytes of the stream. A JpegFault judges one buffer; a Dropped also covers
// events of a stream (bytes between images, the size limit). Metrics publish the reasons' names.
enum class Dropped {
  kGarbage,    // bytes between images that are not a part header
  kTruncated,  // an image without its end
  kBroken,     // an image whose segments do not fit together
  kTooLarge,   // an image above the limit
};
constexpr int kDroppedReasons = 4;
// "garbage", "truncated", "broken", "too_large".
const char* name_of(Dropped reason) noexcept;

class FrameReader {
 public:
  // Drops images above `limit_bytes`. Holds at most twice that many bytes.
  explicit FrameReader(std::size_t limit_bytes = 16u << 20);

  // Room for the next read(2): at least 64 KiB. filled() takes the number of bytes read.
  std::span<std::uint8_t> space();
  void filled(std::size_t bytes) noexcept { end_ += bytes; }

  // The next whole image; nullopt: more input is needed.
  std::optional<JpegImage> next();

  // Call at the end of the input. next() then also returns images that follow a truncated image.
  void finish() noexcept { ended_ = true; }

  // How often each reason occurred, indexed by Dropped.
  const std::array<std::uint64_t, kDroppedReasons>& dropped() const noexcept { return dropped_; }
  bool multipart() const noexcept { return multipart_; }

 private:
  Bytes pending() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  void judge_gap(std::string_view gap);
  bool find_image();
  std::optional<JpegImage> take();
  std::optional<JpegImage> take_without_end(std::size_t bytes);
  JpegImage take_as_it_is();
  JpegImage take_parts(const FrameParts& parts) const;
  void give_up(Dropped reason);
  void skip(std::size_t bytes) noexcept;
  void drop(Dropped reason) noexcept { ++dropped_[static_cast<std::size_t>(reason)]; }

  std::size_t limit_, capacity_;
  std::unique_ptr<std::uint8_t[]> memory_;
  std::size_t begin_ = 0, end_ = 0;  // of the pending bytes in memory_
  std::size_t searched_ = 0;         // bytes after begin_ that hold no SOI
  bool in_image_ = false;            // SOI is at begin_
  std::size_t doubtful_ = 0;         // bytes after begin_ that were part of a failed image
  int retries_ = 0;                  // images begun in the doubtful bytes
  bool gap_counted_ = false;         // the gap before the next image is already counted
  bool empty_ = false;               // the image before had no picture
  bool multipart_ = false;
  bool ended_ = false;
  JpegWalker walker_;
  std::optional<std::int64_t> part_time_us_;
  std::array<std::uint64_t, kDroppedReasons> dropped_{};
};

}  // namespace kvm
