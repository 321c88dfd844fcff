// The modes that a capture device offers: formats, and for each format sizes and rates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/v4l2_node.h"

namespace kvm {

struct Size {
  int width = 0, height = 0;  // pixels
  bool operator==(const Size&) const = default;
};

// "640x480", from 16x16 to 16384x16384. nullopt otherwise.
std::optional<Size> parse_size(std::string_view text);

struct SizeInfo {
  Size least, most;  // the same for a discrete size
  Size step{1, 1};
  std::vector<Rate> rates;  // at `most`, the fastest first; empty: the driver does not tell
  bool any_rate = false;    // every rate up to that in `rates`
};

struct FormatInfo {
  std::uint32_t fourcc = 0;
  std::string description;
  bool usable = false;  // frames can be made of it
  std::vector<SizeInfo> sizes;
};

std::vector<FormatInfo> list_formats(const V4l2Node& node);

}  // namespace kvm
