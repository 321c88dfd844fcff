// A picture in memory as V4L2 hands it out, and the facts of the pixel formats we read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kvm {

// V4L2's number for four letters (linux/videodev2.h, v4l2_fourcc).
constexpr std::uint32_t fourcc(const char (&name)[5]) noexcept {
  const auto byte = [&](int i) { return static_cast<std::uint32_t>(name[i]) & 0xff; };
  return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
}

enum class ColorEncoding { k601, k709 };  // the matrix between R'G'B' and Y'CbCr

struct Rect {
  int x, y, width, height;  // pixels
};

// A borrowed view: whoever made it keeps the pixels alive.
struct Image {
  std::uint32_t fourcc = 0;
  int width = 0, height = 0;                     // pixels
  std::array<const std::uint8_t*, 3> planes{};   // in the order of memory: YV12 is Y, Cr, Cb
  std::array<std::size_t, 3> strides{};          // bytes from a row to the next
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
  const char* name;  // as V4L2 has it: "YUYV"
  PixelLayout layout;
  std::uint8_t planes;       // in memory
  std::uint8_t pixel_bytes;  // of plane 0, a pixel
  std::uint8_t chroma_x,
      chroma_y;  // pixels that share a chroma sample: 2, 2 is 4:2:0; 1, 1 for RGB
  // Where the samples of a pixel or pair are, in bytes: Y, Cb, Cr or R, G, B. For planar formats
  // the plane of each; for semi-planar ones Y's plane and the places in a chroma pair.
  std::array<std::uint8_t, 3> at;
  bool separate;  // each plane is a buffer of its own (V4L2's multi-planar "NV12M")
};

// All formats that we can encode, roughly those that cost least first.
std::span<const PixelFormat> pixel_formats() noexcept;
// Null: not one of ours.
const PixelFormat* find_pixel_format(std::uint32_t fourcc) noexcept;

// The bytes from a row to the next in `plane`, given those of plane 0 (0: no padding).
std::size_t plane_stride(const PixelFormat& format, int plane, int width,
                         std::size_t stride) noexcept;
int plane_rows(const PixelFormat& format, int plane, int height) noexcept;

// A view of planes that lie one after the other, as V4L2's single-planar API has them.
Image image_over(const PixelFormat& format, int width, int height, std::size_t stride,
                 const std::uint8_t* pixels) noexcept;
// What image_over() needs to be there.
std::size_t image_bytes(const PixelFormat& format, int width, int height,
                        std::size_t stride) noexcept;

}  // namespace kvm
