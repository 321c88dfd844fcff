// The picture formats of V4L2: names, memory layout, colours.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/io.h"
#include "picture/image.h"

struct v4l2_format;

namespace kvm {

// "YUYV", "MJPG". Unprintable bytes become \xNN.
std::string fourcc_name(std::uint32_t fourcc);
// The reverse, also for "MJPEG". nullopt: `name` is not one to four printable characters.
std::optional<std::uint32_t> parse_fourcc(std::string_view name);

// True for JPEG images, which are passed through; all other formats are raw.
bool is_jpeg(std::uint32_t fourcc) noexcept;
// True if frames can be made from this format: JPEG, or a raw format that the encoder takes.
bool is_usable(std::uint32_t fourcc) noexcept;

// The format that a driver agreed to deliver.
struct PictureFormat {
  std::uint32_t fourcc = 0;
  int width = 0, height = 0;             // pixels
  std::size_t memories = 1;              // number of V4L2 memory planes
  std::array<std::size_t, 3> strides{};  // bytes a line, per memory plane; 0: no padding
  ColorEncoding encoding = ColorEncoding::k601;
  bool limited_range = false;

  bool operator==(const PictureFormat&) const = default;
  // The raw picture in these memory planes; nullopt if a plane is too short.
  std::optional<Image> image(std::span<const Bytes> memory) const noexcept;
};

// Reads the answer of G_FMT or S_FMT. Source: V4L2 documentation, "Image Formats", "Colorspaces".
PictureFormat read_format(const v4l2_format& answer) noexcept;

}  // namespace kvm
