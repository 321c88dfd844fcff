// The way from an HDMI receiver, a subdevice of its own, to the node that captures its pictures. On
// a Raspberry Pi 5: a TC358743, the CSI-2 port (rp1-cfe), /dev/video0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/media_graph.h"
#include "capture/v4l2_modes.h"
#include "capture/v4l2_port.h"

namespace kvm {

class MediaPipeline {
 public:
  // The pipeline that ends in `node`. nullopt: programs need not set up anything before this node,
  // or no HDMI receiver can be linked to it. Throws Error: a device node may not be opened.
  static std::optional<MediaPipeline> find(const V4l2Node& node);

  // The subdevice that has the timings and the EDID.
  const V4l2Port& receiver() const noexcept { return parts_.front().port; }
  // The formats that `node` makes of what the receiver can send (FormatInfo::bus_code is set).
  std::vector<FormatInfo> formats(const V4l2Node& node) const;

  // Links the parts, and disables all other links of the media device: rp1-cfe waits for all nodes
  // that are linked before it delivers pictures. Then sets the format of each pad. Throws Error.
  void set_up(std::uint32_t bus_code, Size size);

 private:
  // A subdevice with the pads through which the pictures pass.
  struct Part {
    V4l2Port port;
    std::optional<std::uint32_t> sink;  // nullopt: the receiver, where pictures come from the cable
    std::uint32_t source;
  };
  MediaPipeline(MediaGraph graph, std::vector<Part> parts, std::vector<std::size_t> links)
      : graph_(std::move(graph)), parts_(std::move(parts)), path_(std::move(links)) {}
  static std::optional<MediaPipeline> find_in(MediaGraph graph, const std::string& node);

  MediaGraph graph_;
  std::vector<Part> parts_;        // the receiver first
  std::vector<std::size_t> path_;  // indices of the links between the parts and to the node
};

}  // namespace kvm
