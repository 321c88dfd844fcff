#include "picture/image.h"

namespace kvm {

namespace {

using L = PixelLayout;

// Source: linux/videodev2.h and the kernel's "Image Formats" chapter.
constexpr PixelFormat kFormats[] = {
    {fourcc("YU12"), "YU12", L::kPlanar, 3, 1, 2, 2, {0, 1, 2}, false},
    {fourcc("YV12"), "YV12", L::kPlanar, 3, 1, 2, 2, {0, 2, 1}, false},
    {fourcc("YM12"), "YM12", L::kPlanar, 3, 1, 2, 2, {0, 1, 2}, true},
    {fourcc("YM21"), "YM21", L::kPlanar, 3, 1, 2, 2, {0, 2, 1}, true},
    {fourcc("NV12"), "NV12", L::kSemiPlanar, 2, 1, 2, 2, {0, 0, 1}, false},
    {fourcc("NV21"), "NV21", L::kSemiPlanar, 2, 1, 2, 2, {0, 1, 0}, false},
    {fourcc("NM12"), "NM12", L::kSemiPlanar, 2, 1, 2, 2, {0, 0, 1}, true},
    {fourcc("NM21"), "NM21", L::kSemiPlanar, 2, 1, 2, 2, {0, 1, 0}, true},
    {fourcc("YUYV"), "YUYV", L::kPacked422, 1, 2, 2, 1, {0, 1, 3}, false},
    {fourcc("YVYU"), "YVYU", L::kPacked422, 1, 2, 2, 1, {0, 3, 1}, false},
    {fourcc("UYVY"), "UYVY", L::kPacked422, 1, 2, 2, 1, {1, 0, 2}, false},
    {fourcc("VYUY"), "VYUY", L::kPacked422, 1, 2, 2, 1, {1, 2, 0}, false},
    {fourcc("NV16"), "NV16", L::kSemiPlanar, 2, 1, 2, 1, {0, 0, 1}, false},
    {fourcc("NV61"), "NV61", L::kSemiPlanar, 2, 1, 2, 1, {0, 1, 0}, false},
    {fourcc("NM16"), "NM16", L::kSemiPlanar, 2, 1, 2, 1, {0, 0, 1}, true},
    {fourcc("NM61"), "NM61", L::kSemiPlanar, 2, 1, 2, 1, {0, 1, 0}, true},
    {fourcc("NV24"), "NV24", L::kSemiPlanar, 2, 1, 1, 1, {0, 0, 1}, false},
    {fourcc("NV42"), "NV42", L::kSemiPlanar, 2, 1, 1, 1, {0, 1, 0}, false},
    {fourcc("RGB3"), "RGB3", L::kRgb, 1, 3, 1, 1, {0, 1, 2}, false},
    {fourcc("BGR3"), "BGR3", L::kRgb, 1, 3, 1, 1, {2, 1, 0}, false},
    {fourcc("XR24"), "XR24", L::kRgb, 1, 4, 1, 1, {2, 1, 0}, false},
    {fourcc("AR24"), "AR24", L::kRgb, 1, 4, 1, 1, {2, 1, 0}, false},
    {fourcc("BGR4"), "BGR4", L::kRgb, 1, 4, 1, 1, {2, 1, 0}, false},
    {fourcc("XB24"), "XB24", L::kRgb, 1, 4, 1, 1, {0, 1, 2}, false},
    {fourcc("AB24"), "AB24", L::kRgb, 1, 4, 1, 1, {0, 1, 2}, false},
    {fourcc("BX24"), "BX24", L::kRgb, 1, 4, 1, 1, {1, 2, 3}, false},
    {fourcc("BA24"), "BA24", L::kRgb, 1, 4, 1, 1, {1, 2, 3}, false},
    {fourcc("RGB4"), "RGB4", L::kRgb, 1, 4, 1, 1, {1, 2, 3}, false},
    {fourcc("RX24"), "RX24", L::kRgb, 1, 4, 1, 1, {3, 2, 1}, false},
    {fourcc("RA24"), "RA24", L::kRgb, 1, 4, 1, 1, {3, 2, 1}, false},
    {fourcc("RGBP"), "RGBP", L::kRgb565, 1, 2, 1, 1, {0, 0, 0}, false},
    {fourcc("GREY"), "GREY", L::kGrey, 1, 1, 1, 1, {0, 0, 0}, false},
};

std::size_t size(int value) {
  return static_cast<std::size_t>(value);
}

std::size_t divided_up(std::size_t value, std::size_t by) {
  return (value + by - 1) / by;
}

}  // namespace

std::span<const PixelFormat> pixel_formats() noexcept {
  return kFormats;
}

const PixelFormat* find_pixel_format(std::uint32_t fourcc) noexcept {
  for (const PixelFormat& format : kFormats)
    if (format.fourcc == fourcc) return &format;
  return nullptr;
}

std::size_t plane_stride(const PixelFormat& format, int plane, int width,
                         std::size_t stride) noexcept {
  if (stride == 0) {
    // In memory a row of odd width ends with a whole pair, so it has one pixel more.
    const auto pair = format.layout == L::kPacked422 ? 2u : 1u;
    stride = divided_up(size(width), pair) * pair * format.pixel_bytes;
  }
  if (plane == 0) return stride;
  const std::size_t samples = divided_up(stride, format.chroma_x);
  return format.layout == L::kSemiPlanar ? 2 * samples : samples;
}

int plane_rows(const PixelFormat& format, int plane, int height) noexcept {
  return plane == 0 ? height : (height + format.chroma_y - 1) / format.chroma_y;
}

Image image_over(const PixelFormat& format, int width, int height, std::size_t stride,
                 const std::uint8_t* pixels) noexcept {
  Image image;
  image.fourcc = format.fourcc;
  image.width = width;
  image.height = height;
  for (int i = 0; i < format.planes; ++i) {
    image.planes[size(i)] = pixels;
    image.strides[size(i)] = plane_stride(format, i, width, stride);
    pixels += image.strides[size(i)] * size(plane_rows(format, i, height));
  }
  return image;
}

std::size_t image_bytes(const PixelFormat& format, int width, int height,
                        std::size_t stride) noexcept {
  std::size_t bytes = 0;
  for (int i = 0; i < format.planes; ++i)
    bytes += plane_stride(format, i, width, stride) * size(plane_rows(format, i, height));
  return bytes;
}

}  // namespace kvm
