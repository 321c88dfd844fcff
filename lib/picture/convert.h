// Converts pixels of any format to the planes that a JPEG encoder takes: full-range BT.601 (JFIF).
#pragma once

#include <cstdint>
#include <vector>

#include "picture/image.h"

namespace kvm {

// The chroma resolution of the JPEG: one sample for 2x2 pixels, for 2x1, or for each pixel.
enum class Subsampling : std::uint8_t { k420, k422, k444 };

constexpr int chroma_x(Subsampling subsampling) noexcept {
  return subsampling == Subsampling::k444 ? 1 : 2;
}
constexpr int chroma_y(Subsampling subsampling) noexcept {
  return subsampling == Subsampling::k420 ? 2 : 1;
}

// The rows that receive the samples. Each plane has room for whole MCUs and 16 bytes more.
struct Planes {
  std::uint8_t *y, *cb, *cr;            // cb and cr are not used for GREY
  std::size_t y_stride, chroma_stride;  // bytes
};

// Converts pieces of pictures. Keeps scratch memory, so each thread has its own.
class Converter {
 public:
  // Converts the pixels in `rect` to whole MCUs. Repeats the last column and row and averages
  // chroma as libjpeg does, so that the decoded pixels equal those of libjpeg's encoder. `rect`
  // lies in the image, begins at an even column and row and is at most one MCU high. Pixels outside
  // of it have no influence. The image's format is one of pixel_formats().
  void convert(const Image& image, const Rect& rect, Subsampling subsampling, const Planes& out);

 private:
  std::vector<std::uint8_t> scratch_;
};

}  // namespace kvm
