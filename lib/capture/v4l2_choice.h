// Chooses what the user left open: the device, and its format, size and rate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/v4l2_modes.h"

namespace kvm {

struct Choice {
  std::uint32_t fourcc = 0, bus_code = 0;  // as in FormatInfo
  Size size;
  // The rate to ask for. It is one of the device's rates if these are known, because a driver would
  // round any other rate, possibly to a rate that is too slow.
  std::optional<Rate> rate;
};

// Chooses by size, then rate, then cost. Size: the size nearest to the wanted size; without a
// wanted size, the size nearest to 1920x1080 among those with at least 15 pictures a second. Cost:
// passing JPEG through is cheaper than encoding, and 4:2:0 is cheaper to encode than 4:2:2 or RGB.
// nullopt: no format is usable, or the device has no usable `fourcc`.
std::optional<Choice> choose_format(const std::vector<FormatInfo>& formats,
                                    std::optional<Size> size, std::optional<Rate> rate,
                                    std::optional<std::uint32_t> fourcc);

// The indices of the nodes that may show a screen, the likeliest first: nodes with HDMI timings;
// then nodes that need no set-up through the media controller API, for without it they deliver
// nothing; then the node whose size is nearest to 1920x1080; then the first. Leaves out nodes
// without a usable format and the image processor of a Raspberry Pi.
std::vector<std::size_t> rank_nodes(const std::vector<V4l2Node>& nodes);
// The nodes of this machine in that order; at least one. Throws Error: there is no such node (66),
// or permission is missing (77).
std::vector<V4l2Node> find_nodes(const V4l2Hints& hints);

// The path of a device. `name` is a path, or a name in /dev/v4l/by-id, /dev/v4l/by-path or /dev.
std::string resolve_device(const std::string& name);

}  // namespace kvm
