// Pictures in any pixel format, for tests.
#pragma once

#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

#include "picture/image.h"

namespace kvm {

// Owns the pixels, planes one after the other.
struct TestPicture {
  const PixelFormat& format;
  int width, height;
  std::size_t stride;
  std::vector<std::uint8_t> pixels;

  // `padding`: bytes after each row of the first plane.
  TestPicture(std::string_view name, int w, int h, std::size_t padding = 0)
      : format(by_name(name)),
        width(w),
        height(h),
        stride(plane_stride(format, 0, w, 0) + padding),
        pixels(image_bytes(format, w, h, stride)) {}

  static const PixelFormat& by_name(std::string_view name) {
    for (const PixelFormat& format : pixel_formats())
      if (format.name == name) return format;
    std::abort();
  }

  // Paints smooth values with some grain. They depend on `seed`.
  TestPicture& paint(unsigned seed) {
    std::minstd_rand random(seed);
    unsigned value = seed * 37;
    for (std::uint8_t& pixel : pixels)
      pixel = static_cast<std::uint8_t>(value += static_cast<unsigned>(random() % 5));
    return *this;
  }

  Image image() const { return image_over(format, width, height, stride, pixels.data()); }

  bool rgb() const {
    return format.layout == PixelLayout::kRgb || format.layout == PixelLayout::kRgb565;
  }

  // The byte of a sample, by the definition of the format. For RGB565, component 0 gives the first
  // byte of the pixel.
  std::uint8_t& at(int component, int x, int y) {
    const Image view = image();
    const auto c = static_cast<std::size_t>(component);
    std::size_t plane = 0, offset = static_cast<std::size_t>(x);
    const std::size_t chroma = offset / format.chroma_x;
    switch (format.layout) {
      case PixelLayout::kGrey:
        break;
      case PixelLayout::kPacked422:
        offset = (component == 0 ? 2 * offset : 4 * chroma) + format.at[c];
        break;
      case PixelLayout::kSemiPlanar:
        plane = component == 0 ? 0 : 1;
        if (component != 0) offset = 2 * chroma + format.at[c];
        break;
      case PixelLayout::kPlanar:
        plane = format.at[c];
        if (component != 0) offset = chroma;
        break;
      case PixelLayout::kRgb:
      case PixelLayout::kRgb565:
        offset = offset * format.pixel_bytes + format.at[c];
        break;
    }
    const auto row = static_cast<std::size_t>(plane == 0 ? y : y / format.chroma_y);
    return pixels[static_cast<std::size_t>(view.planes[plane] - pixels.data()) +
                  row * view.strides[plane] + offset];
  }

  std::uint8_t sample(int component, int x, int y) {
    if (format.layout != PixelLayout::kRgb565) return at(component, x, y);
    const std::uint8_t* bytes = &at(0, x, y);
    const int pixel = bytes[0] | bytes[1] << 8;
    const int five = (component == 0 ? pixel >> 11 : pixel) & 31, six = pixel >> 5 & 63;
    return static_cast<std::uint8_t>(component == 1 ? six << 2 | six >> 4 : five << 3 | five >> 2);
  }
};

}  // namespace kvm
