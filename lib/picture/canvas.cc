#include "picture/canvas.h"

#include <algorithm>

#include "picture/convert_rows.h"
#include "picture/font.h"

namespace kvm {

Color rgb(int red, int green, int blue) noexcept {
  const auto r = static_cast<Sample>(red), g = static_cast<Sample>(green),
             b = static_cast<Sample>(blue);
  Color color{};
  rgb_to_ycc(&r, &g, &b, 1, &color.y, &color.cb, &color.cr);
  return color;
}

Canvas::Canvas(int width, int height, Color color)
    : stride_(static_cast<std::size_t>(width + 1) / 2 * 4),
      pixels_(stride_ * static_cast<std::size_t>(height)),
      image_(
          image_over(*find_pixel_format(fourcc("YUYV")), width, height, stride_, pixels_.data())) {
  fill(0, 0, width, height, color);
}

void Canvas::fill(int x, int y, int width, int height, Color color) noexcept {
  // In memory a row of odd width ends with a whole pair, so it has one pixel more.
  const int left = std::max(x, 0) & ~1, right = std::min(x + width + 1, image_.width + 1) & ~1;
  const int bottom = std::min(y + height, image_.height);
  for (int at = std::max(y, 0); at < bottom; ++at) {
    std::uint8_t* to = row(at) + 2 * left;
    for (int column = left; column < right; column += 2, to += 4) {
      to[0] = to[2] = color.y;
      to[1] = color.cb;
      to[3] = color.cr;
    }
  }
}

void Canvas::text(int x, int y, std::string_view text, Color ink, Color paper, int scale) noexcept {
  x &= ~1;
  for (const char character : text) {
    fill(x, y, kGlyphWidth * scale, kGlyphHeight * scale, paper);
    const Glyph& rows = glyph(character);
    for (int dy = 0; dy < kGlyphHeight * scale; ++dy) {
      if (y + dy < 0 || y + dy >= image_.height) continue;
      const int bits = rows[static_cast<std::size_t>(dy / scale)];
      for (int dx = 0; dx < kGlyphWidth * scale; ++dx) {
        const int column = x + dx;
        if ((bits >> (kGlyphWidth - 1 - dx / scale) & 1) == 0 || column < 0 ||
            column >= image_.width)
          continue;
        std::uint8_t* pair = row(y + dy) + column / 2 * 4;
        pair[column % 2 * 2] = ink.y;
        pair[1] = ink.cb;
        pair[3] = ink.cr;
      }
    }
    x += kGlyphWidth * scale;
  }
}

}  // namespace kvm
