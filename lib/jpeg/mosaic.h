// Follows the picture on the screen from frame to frame, MCU by MCU, and gives the changes since an
// earlier frame as small JPEG images. Codes are compared and copied; nothing is decoded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/io.h"
#include "jpeg/coded_mcu.h"
#include "jpeg/marker_walker.h"

namespace kvm {

class Mosaic {
 public:
  // A rectangle of the picture. head() followed by `coded` is a JPEG image, once the piece's size
  // is written into it at kSizeAt.
  struct Piece {
    int x, y, width, height;  // pixels, clipped to the picture
    // Pixels on each side that must not be drawn: a decoder needs them to interpolate the others.
    int left, top, right, bottom;
    std::string coded;  // entropy-coded data and EOI
  };

  // `clock`: monotonic µs.
  explicit Mosaic(std::int64_t (*clock)() noexcept = monotonic_us) : clock_(clock) {}

  // Takes the newest frame. Ids must count up. `info` is what walk_jpeg() found in `image`.
  void show(Bytes image, const JpegInfo& info, std::uint32_t id);
  std::uint32_t id() const noexcept { return id_; }

  // The offset in head() of a piece's height and width, two bytes each, big endian.
  static constexpr std::size_t kSizeAt = 7;
  // The segments from SOI to SOS, without restart intervals. Null: the newest frame cannot be cut.
  const std::shared_ptr<const std::string>& head() const noexcept { return head_; }

  // The changes since `shown`, the id of an earlier frame: drawn over that frame, the pieces give
  // the newest frame, pixel for pixel. nullopt: the viewer needs the whole frame, because tables or
  // size differ, the frame cannot be cut, the pieces would be no smaller than the frame, or frames
  // are not read at present because the whole picture keeps changing.
  std::optional<std::vector<Piece>> since(std::uint32_t shown) const;

 private:
  struct Segment {  // the data between two restart markers
    std::uint64_t hash = 0;
    CodedBits bits;
  };
  struct Rect {  // in MCUs
    int left, top, right, bottom;
  };
  struct Stamp {  // ids of the newest frames in which an MCU's content and colour changed
    std::uint32_t content, colour;
  };
  std::size_t index(int column, int row) const noexcept {
    return static_cast<std::size_t>(row * columns_ + column);
  }
  bool begin(Bytes image, const JpegInfo& info);
  bool read(Bytes image, const JpegInfo& info);
  bool read_segment(std::size_t number, Bytes coded);
  void update_mcus(std::size_t first);
  void sum_bits() const;
  std::vector<Rect> changed_since(std::uint32_t shown) const;
  std::size_t bits(const Rect& rect) const noexcept;
  enum class Join { kCheap, kAll };
  void join(Rect& rect, std::vector<Rect>& rects, Join which) const;
  bool blends(const Rect& inside, const Rect& outside) const noexcept;
  bool colour_changed(const Rect& rect, std::uint32_t shown) const noexcept;
  Rect with_border(const Rect& rect, bool bleeds) const;
  bool copy(const Rect& rect, std::string& coded) const;
  std::optional<Piece> cut(const Rect& rect, bool bleeds) const;

  std::int64_t (*clock_)() noexcept;
  std::uint32_t id_ = 0;
  std::size_t size_ = 0;     // bytes of the newest frame
  std::uint32_t begun_ = 0;  // the first frame that can be compared with the newest
  std::shared_ptr<const std::string> head_;
  std::optional<McuCode> code_;
  int width_ = 0, height_ = 0;          // pixels of the picture
  int mcu_width_ = 0, mcu_height_ = 0;  // pixels of an MCU
  int columns_ = 0, rows_ = 0;          // MCUs
  std::size_t interval_ = 0;            // MCUs in a segment
  std::vector<Segment> segments_;
  std::vector<CodedMcu> mcus_;
  std::vector<Stamp> stamps_;
  std::vector<CodedMcu> fresh_;              // the MCUs of the segment that is being read
  std::size_t changed_bytes_ = 0;            // size of the MCUs that the newest frame changed
  std::int64_t rest_until_us_ = 0;           // no frame is read before this time
  mutable std::vector<std::uint32_t> sums_;  // bits of all MCUs left of and above each corner
};

}  // namespace kvm
