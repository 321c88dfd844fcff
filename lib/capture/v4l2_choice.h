// Chooses what the user left open: the device, and its format, size and rate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/v4l2_modes.h"

namespace kvm {

struct Choice {
  std::uint32_t fourcc = 0;
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

// The index of the node that most likely shows a screen: preferably a node with HDMI timings, then
// the node whose size is nearest to 1920x1080, then the first. Skips the image processor of a
// Raspberry Pi.
// nullopt: no node has a usable format.
std::optional<std::size_t> choose_node(const std::vector<V4l2Node>& nodes);

// The path of a device. `name` is a path, a name in /dev/v4l/by-id, /dev/v4l/by-path or /dev, or
// "auto". Throws Error if "auto" finds no device (66), or only devices without permission (77).
std::string resolve_device(const std::string& name, const V4l2Hints& hints = {});

}  // namespace kvm
