// A picture in memory as V4L2 lays it out, and the pixel formats that we can read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kvm {

// V4L2's number for the format with this name (linux/videodev2.h, v4l2_fourcc).
constexpr std::uint32_t fourcc(const char (&name)[5]) noexcept {
  const auto byte = [&](int i) { return static_cast<std::uint32_t>(name[i]) & 0xff; };
  return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
}

enum class ColorEncoding { k601, k709 };  // the matrix between R'G'B' and Y'CbCr

struct Rect {
  int x, y, width, height;  // pixels
};

// A view of pixels that it does not own.
struct Image {
  std::uint32_t fourcc = 0;
  int width = 0, height = 0;                     // pixels
  std::array<const std::uint8_t*, 3> planes{};   // in the order of memory: YV12 has Y, Cr, Cb
  std::array<std::size_t, 3> strides{};          // bytes from one row to the next
  ColorEncoding encoding = ColorEncoding::k601;  // of Y'CbCr formats
  bool limited_range = false;                    // luma 16–235, chroma 16–240; RGB 16–235
};

// How the samples of a format lie in memory.
enum class PixelLayout : std::uint8_t {
  kGrey,        // Y
  kPacked422,   // two pixels in four bytes
  kSemiPlanar,  // a plane of Y, a plane of chroma pairs
  kPlanar,      // three planes
  kRgb,         // three or four bytes a pixel
  kRgb565,      // 16 bits a pixel, little-endian, red on top
};

struct PixelFormat {
  std::uint32_t fourcc;
  const char* name;  // V4L2's: "YUYV"
  PixelLayout layout;
  std::uint8_t planes;       // in memory
  std::uint8_t pixel_bytes;  // of one pixel in plane 0
  // The pixels that share a chroma sample, across and down: 2, 2 for 4:2:0; 1, 1 for RGB.
  std::uint8_t chroma_x, chroma_y;
  // The places of Y, Cb, Cr or R, G, B. Packed formats: byte offsets in a pixel or pair of pixels.
  // Planar formats: planes. Semi-planar formats: the plane of Y, then the byte offsets of Cb and Cr
  // in a chroma pair.
  std::array<std::uint8_t, 3> at;
  bool separate;  // each plane has a buffer of its own (V4L2's multi-planar "NV12M")
};

// All formats that we can encode, roughly in the order of their cost, the cheapest first.
std::span<const PixelFormat> pixel_formats() noexcept;
// Null if the format is not in pixel_formats().
const PixelFormat* find_pixel_format(std::uint32_t fourcc) noexcept;

// The stride of `plane` in bytes. `stride` is that of plane 0 (0: rows without padding).
std::size_t plane_stride(const PixelFormat& format, int plane, int width,
                         std::size_t stride) noexcept;
int plane_rows(const PixelFormat& format, int plane, int height) noexcept;

// A view of planes that lie one after the other in memory, as in V4L2's single-planar API.
Image image_over(const PixelFormat& format, int width, int height, std::size_t stride,
                 const std::uint8_t* pixels) noexcept;
// The size of the memory that image_over() views.
std::size_t image_bytes(const PixelFormat& format, int width, int height,
                        std::size_t stride) noexcept;

}  // namespace kvm
