// What a capture device offers: formats, sizes, rates, timings, controls; and which to choose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "capture/v4l2_node.h"

namespace kvm {

struct Size {
  int width = 0, height = 0;  // pixels
  bool operator==(const Size&) const = default;
};

struct SizeInfo {
  Size least, most;  // equal where the size is a discrete one
  Size step{1, 1};
  std::vector<Rate> rates;  // at `most`, the fastest first; empty: the driver does not tell
  bool any_rate = false;    // up to the one of `rates`
};

struct FormatInfo {
  std::uint32_t fourcc = 0;
  std::string description;
  bool usable = false;  // passed through or encoded
  std::vector<SizeInfo> sizes;
};

struct ControlInfo {
  std::uint32_t id = 0;
  std::string name;  // "white_balance_automatic", as --control takes it
  std::string type;  // "int", "bool", "menu", "button", "text", "other"
  std::int64_t least = 0, most = 0, step = 0, standard = 0, value = 0;
  std::vector<std::pair<std::int64_t, std::string>> menu;  // value, name
  bool read_only = false;
};

std::vector<FormatInfo> list_formats(const V4l2Node& node);
std::vector<ControlInfo> list_controls(const V4l2Node& node);

// Nodes under /dev that capture video, by number. Those that cannot be opened are left out; the
// first that only lacked permission goes to `refused`.
std::vector<V4l2Node> list_nodes(std::optional<Error>* refused = nullptr);

struct Choice {
  std::uint32_t fourcc = 0;
  Size size;
  std::optional<Rate> rate;  // what to ask for: a driver takes the nearest, which may be too slow
};
// The format, size and rate to ask for: the wanted size or the nearest (without one, the largest up
// to 1920x1080 that comes at 15 a second at least); then the rate; then what costs least: JPEG is
// passed through, 4:2:0 is less to encode than 4:2:2 or RGB. nullopt: nothing is usable.
std::optional<Choice> choose_format(const std::vector<FormatInfo>& formats,
                                    std::optional<Size> size, std::optional<Rate> rate,
                                    std::optional<std::uint32_t> fourcc);

// "auto": the index of the node that most likely shows a screen: one with HDMI timings, else one
// that comes nearest to 1920x1080, else the first; no image processor of the board's own. nullopt:
// none has a usable format.
std::optional<std::size_t> choose_node(const std::vector<V4l2Node>& nodes);

// -d as a path: "/dev/video0" as it is; "video0" and names in /dev/v4l/by-id or by-path; "auto".
// Throws Error where "auto" finds none (66), or none that may be opened (77).
std::string resolve_device(const std::string& name);

// NAME=VALUE pairs of --control. Menu items go by number or by name. Throws Error (64) where the
// device has no such control or value.
void set_control(const V4l2Node& node, const std::string& name, const std::string& value);

}  // namespace kvm
