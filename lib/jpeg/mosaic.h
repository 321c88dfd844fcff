// The picture on the screen as its MCUs, over the frames that show it: what changed since one of
// them, as small JPEG images. Codes are compared and copied; nothing is decoded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/io.h"
#include "jpeg/coded_mcu.h"
#include "jpeg/walker.h"

namespace kvm {

class Mosaic {
 public:
  // An image of its own once head() is put in front.
  struct Piece {
    int x, y, width, height;  // of the image, in pixels of the picture, clipped to it
    // Pixels on each side that are not to be drawn: they are there to be interpolated with.
    int left, top, right, bottom;
    std::string coded;  // entropy-coded data and EOI
  };

  // `clock`: monotonic, in microseconds.
  explicit Mosaic(std::int64_t (*clock)() noexcept = monotonic_us) : clock_(clock) {}

  // The newest frame; ids count up. `info` is what walk_jpeg says of `image`.
  void show(Bytes image, const JpegInfo& info, std::uint32_t id);
  std::uint32_t id() const noexcept { return id_; }

  // Where a piece's height and width, two bytes each, are in head(), big endian.
  static constexpr std::size_t kSizeAt = 7;
  // SOI to SOS without restart intervals. Null: this image cannot be cut.
  const std::shared_ptr<const std::string>& head() const noexcept { return head_; }

  // What differs from the frame `shown`, which was the newest one before: drawn over it, the pieces
  // give the newest, pixel for pixel. nullopt: it has other tables or another size, or cannot be
  // cut, or is no larger; or all is changing, then not every frame is looked at.
  std::optional<std::vector<Piece>> since(std::uint32_t shown) const;

 private:
  struct Segment {  // between two restart markers
    std::uint64_t hash = 0;
    CodedBits bits;
  };
  struct Rect {  // in MCUs
    int left, top, right, bottom;
  };
  struct Stamp {  // the newest frame in which it changed
    std::uint32_t content, colour;
  };
  std::size_t index(int column, int row) const noexcept {
    return static_cast<std::size_t>(row * columns_ + column);
  }
  bool begin(Bytes image, const JpegInfo& info);
  bool read(Bytes image, const JpegInfo& info);
  bool read_segment(std::size_t number, Bytes coded);
  std::vector<Rect> changed_since(std::uint32_t shown) const;
  std::size_t bits(const Rect& rect) const noexcept;
  bool blend(const Rect& inside, const Rect& outside) const noexcept;
  std::optional<Piece> cut(const Rect& rect, bool bleeds) const;

  std::int64_t (*clock_)() noexcept;
  std::uint32_t id_ = 0;
  std::size_t size_ = 0;     // of the newest frame, bytes
  std::uint32_t begun_ = 0;  // the first frame that can be compared with the newest
  std::shared_ptr<const std::string> head_;
  std::optional<McuCode> code_;
  int width_ = 0, height_ = 0;          // of the picture, pixels
  int mcu_width_ = 0, mcu_height_ = 0;  // pixels
  int columns_ = 0, rows_ = 0;          // MCUs
  std::size_t interval_ = 0;            // MCUs of a segment
  std::vector<Segment> segments_;
  std::vector<CodedMcu> mcus_;
  std::vector<Stamp> stamps_;
  std::vector<CodedMcu> fresh_;  // of the segment that is being read
  std::size_t changed_bytes_ = 0;
  std::int64_t rest_until_us_ = 0;           // by the clock
  mutable std::vector<std::uint32_t> sums_;  // bits of all MCUs left of and above each corner
};

}  // namespace kvm
