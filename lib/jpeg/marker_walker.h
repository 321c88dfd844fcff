// Walks the markers of one JPEG image, without decoding it: finds its true end and its properties.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/io.h"

namespace kvm {

// T.81 table B.1.
enum JpegMarker : std::uint8_t {
  kTem = 0x01,
  kSof0 = 0xc0,
  kDht = 0xc4,
  kJpg = 0xc8,
  kDac = 0xcc,
  kSof15 = 0xcf,
  kRst0 = 0xd0,
  kRst7 = 0xd7,
  kSoi = 0xd8,
  kEoi = 0xd9,
  kSos = 0xda,
  kDqt = 0xdb,
  kDri = 0xdd,
  kApp0 = 0xe0,
  kApp1 = 0xe1,
  kApp14 = 0xee,
  kApp15 = 0xef,
  kCom = 0xfe,
};

bool is_sof(std::uint8_t marker) noexcept;
// Whether the marker stands alone, without a length.
bool is_bare(std::uint8_t marker) noexcept;

// T.81 figure 5: the row-by-row index of each coefficient in zigzag order.
inline constexpr std::array<std::uint8_t, 64> kZigzag = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// Why bytes are not one whole JPEG image.
enum class JpegFault : std::uint8_t {
  kNone,
  kEmpty,      // no bytes, or an image that ends before its picture begins
  kNotJpeg,    // no start of an image
  kTruncated,  // no end, or another image begins before it
  kCorrupt,    // segments that do not fit together
};
// "none", "empty", "not-jpeg", "truncated", "corrupt": in messages and counters.
const char* name_of(JpegFault fault) noexcept;

// Facts about one image. Offsets count from its SOI. Source: ITU-T T.81, annex B.
struct JpegInfo {
  std::size_t size = 0;  // SOI to EOI, both included
  int width = 0, height = 0, components = 0;
  int mcu_width = 0, mcu_height = 0;  // pixels, from the sampling factors
  int restart_interval = 0;           // MCUs; 0: no restart markers
  bool baseline = false;              // SOF0: 8 bits, sequential, Huffman
  bool has_huffman_tables = false;
  int scans = 0;
  std::size_t first_segment = 0;  // the marker after SOI
  std::size_t sof = 0, sos = 0;   // offsets of the first SOFn marker and the first SOS marker
  std::size_t scan = 0;           // first byte of entropy-coded data
};

enum class JpegWalk {
  kMore,  // no fault so far: call again with more bytes
  kDone,  // info() is complete
  kBad,   // fault() says why
};

// walk() resumes where it stopped, so that a growing buffer is read only once.
class JpegWalker {
 public:
  // `image` starts at the same SOI in every call and only grows (its memory may move).
  JpegWalk walk(Bytes image);
  const JpegInfo& info() const noexcept { return info_; }
  // How far the walk got: bytes from SOI.
  std::size_t at() const noexcept { return at_; }
  // kNone until walk() returned kBad; then kNotJpeg, kEmpty, kTruncated or kCorrupt. For kEmpty and
  // kTruncated, at() is the marker in question: EOI, or the SOI of the next image.
  JpegFault fault() const noexcept { return fault_; }

 private:
  JpegWalk bad(JpegFault fault) noexcept;
  bool leave_scan(Bytes image) noexcept;
  JpegWalk read_segment(Bytes image, std::uint8_t marker);
  bool read_sof(Bytes body);
  bool read_sos(Bytes body);

  JpegInfo info_;
  std::size_t at_ = 0;
  bool in_scan_ = false;
  JpegFault fault_ = JpegFault::kNone;
};

// Walks one whole image at the front of `image`; kMore means that the image is cut short.
JpegWalk walk_jpeg(Bytes image, JpegInfo& info);

struct JpegSegment {
  std::uint8_t marker;
  Bytes all, body;  // with its marker and length, and without them
};

// The segments of `image` between SOI and its first entropy-coded data. `info` is what walk_jpeg()
// found in `image`.
std::vector<JpegSegment> segments_of(Bytes image, const JpegInfo& info);

// The number of tiles of equal width into which a row of `mcus` MCUs is divided: 4 if it divides
// `mcus`, else the first of 5, 3, 6 and 2 that does, else 1.
int tiles_across(int mcus) noexcept;

}  // namespace kvm
