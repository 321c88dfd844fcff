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

// Parses "640x480". nullopt: not a size from 16x16 to 16384x16384.
std::optional<Size> parse_size(std::string_view text);

struct SizeInfo {
  Size least, most;  // equal for a discrete size
  Size step{1, 1};
  std::vector<Rate> rates;  // at size `most`, the fastest first; empty: the driver lists none
  bool any_rate = false;    // every rate up to rates[0] is possible
};

struct FormatInfo {
  std::uint32_t fourcc = 0;
  std::string description;
  bool usable = false;  // is_usable(fourcc)
  std::vector<SizeInfo> sizes;
  // The media bus format that the node turns into this format; 0: none was asked for.
  std::uint32_t bus_code = 0;
};

// `bus_code`: list only the formats that the node makes of this media bus format (for nodes that
// need the media controller API); 0: list all.
std::vector<FormatInfo> list_formats(const V4l2Node& node, std::uint32_t bus_code = 0);

}  // namespace kvm
