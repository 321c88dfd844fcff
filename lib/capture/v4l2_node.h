// A V4L2 capture node with its identity, picture format and rate; and a list of this machine's
// nodes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "capture/v4l2_format.h"
#include "capture/v4l2_port.h"

namespace kvm {

// Pictures a second as a fraction: 30000/1001.
struct Rate {
  std::uint32_t pictures = 0, seconds = 1;
  double hz() const noexcept { return seconds ? static_cast<double>(pictures) / seconds : 0; }
};

// Parses "30", "29.97", "30000/1001" or "1/60". nullopt: not a rate above 0 and up to 1000.
std::optional<Rate> parse_rate(std::string_view text);

// A node that captures video.
class V4l2Node : public V4l2Port {
 public:
  // Opens `path` in non-blocking mode. Throws Error: the node is missing or is not a capture device
  // (66), is busy (75), or must not be opened (77).
  explicit V4l2Node(const std::string& path, const V4l2Hints& hints = {});

  const std::string& driver() const noexcept { return driver_; }
  const std::string& card() const noexcept { return card_; }
  const std::string& bus() const noexcept { return bus_; }
  // V4L2_BUF_TYPE_VIDEO_CAPTURE, or V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE.
  std::uint32_t type() const noexcept { return type_; }
  bool multi_planar() const noexcept;
  // Programs set up what lies before this node, through the media controller API.
  bool media_controller() const noexcept { return media_controller_; }

  // Sets the format and returns the driver's choice, which may have another size. Throws Error if
  // the device lacks the fourcc (78) or is busy (75).
  PictureFormat set_format(std::uint32_t fourcc, int width, int height) const;
  // The rate that the driver reports, after asking for `wanted` if given; nullopt if the driver
  // does not report a rate.
  std::optional<Rate> rate(std::optional<Rate> wanted = std::nullopt) const;

 private:
  std::string driver_, card_, bus_;
  std::uint32_t type_ = 0;
  bool media_controller_ = false;
};

// The nodes under /dev that capture video, in the order of their numbers. Nodes that cannot be
// opened are left out; the first error about missing permission is stored in `refused`.
std::vector<V4l2Node> list_nodes(std::optional<Error>* refused = nullptr,
                                 const V4l2Hints& hints = {});

}  // namespace kvm
