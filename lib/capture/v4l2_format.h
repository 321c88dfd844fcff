// The picture formats of V4L2: their names, how a picture lies in memory, its colours.
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

// "YUYV", "MJPG". Unprintable bytes come out as \xNN.
std::string fourcc_name(std::uint32_t fourcc);
// nullopt: not one to four printable letters.
std::optional<std::uint32_t> parse_fourcc(std::string_view name);

// JPEG images, which are passed through; all else is raw.
bool is_jpeg(std::uint32_t fourcc) noexcept;
// Something that we can make frames of: JPEG, or raw that the encoder takes.
bool is_usable(std::uint32_t fourcc) noexcept;

// What a driver agreed to deliver.
struct PictureFormat {
  std::uint32_t fourcc = 0;
  int width = 0, height = 0;             // pixels
  std::size_t memories = 1;              // V4L2 memory planes
  std::array<std::size_t, 3> strides{};  // bytes a line, by memory plane; 0: no padding
  ColorEncoding encoding = ColorEncoding::k601;
  bool limited_range = false;

  bool operator==(const PictureFormat&) const = default;
  // The raw picture in these memory planes; nullopt where one is cut short.
  std::optional<Image> image(std::span<const Bytes> memory) const noexcept;
};

// From what G_FMT or S_FMT answered. Source: V4L2 documentation, "Image Formats", "Colorspaces".
PictureFormat read_format(const v4l2_format& answer) noexcept;

}  // namespace kvm
