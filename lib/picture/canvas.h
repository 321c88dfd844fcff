// A YUYV picture on which to draw rectangles and text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "picture/image.h"

namespace kvm {

// Full-range BT.601 Y'CbCr.
struct Color {
  std::uint8_t y, cb, cr;
};
Color rgb(int red, int green, int blue) noexcept;  // 0–255

// Clips at the edges. Each pair of pixels shares a colour, so a left edge is rounded down to an
// even x, and a right edge is rounded up.
class Canvas {
 public:
  Canvas(int width, int height, Color color);
  Canvas(Canvas&&) = default;

  void fill(int x, int y, int width, int height, Color color) noexcept;
  // `text` is ASCII. A character is 8 * scale by 16 * scale pixels.
  void text(int x, int y, std::string_view text, Color ink, Color paper, int scale = 1) noexcept;

  int width() const noexcept { return image_.width; }
  int height() const noexcept { return image_.height; }
  // The view is valid while the canvas exists, and also shows later drawing.
  const Image& image() const noexcept { return image_; }
  // The row's bytes, Y Cb Y Cr.
  std::uint8_t* row(int y) noexcept { return &pixels_[static_cast<std::size_t>(y) * stride_]; }

 private:
  std::size_t stride_;
  std::vector<std::uint8_t> pixels_;
  Image image_;
};

}  // namespace kvm
