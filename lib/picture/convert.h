// Pixels of any format to the planes that a JPEG encoder takes: full-range BT.601 (JFIF).
#pragma once

#include <cstdint>
#include <vector>

#include "picture/image.h"

namespace kvm {

// The chroma samples that the JPEG has: one for 2x2 pixels, for 2x1, for each.
enum class Subsampling : std::uint8_t { k420, k422, k444 };

constexpr int chroma_x(Subsampling subsampling) noexcept {
  return subsampling == Subsampling::k444 ? 1 : 2;
}
constexpr int chroma_y(Subsampling subsampling) noexcept {
  return subsampling == Subsampling::k420 ? 2 : 1;
}

// Where the samples go: Y, Cb and Cr. Room for whole MCUs and 16 bytes more.
struct Planes {
  std::uint8_t *y, *cb, *cr;            // cb and cr are not used for GREY
  std::size_t y_stride, chroma_stride;  // bytes
};

// Converts pieces of pictures. Keeps scratch memory: one a thread.
class Converter {
 public:
  // Fills whole MCUs: the last column and row are repeated, and chroma is averaged, as libjpeg
  // does, so that what is decoded equals what libjpeg makes of the same picture. The result depends
  // on the pixels in `rect` alone, which lies in the image, begins at an even column and row and is
  // at most an MCU high. The image's format is one of pixel_formats().
  void convert(const Image& image, const Rect& rect, Subsampling subsampling, const Planes& out);

 private:
  std::vector<std::uint8_t> scratch_;
};

}  // namespace kvm
