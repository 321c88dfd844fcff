// The media controller API: which parts a capture device has, and how they are linked.
#pragma once

#include <linux/media.h>

#include <string>
#include <vector>

#include "capture/v4l2_port.h"

namespace kvm {

// The graph that a media device had when this object was made. Entities have pads, and a
// link leads from a source pad of one entity to a sink pad of another (linux/media.h).
class MediaGraph {
 public:
  // `path`: /dev/mediaN. Throws Error.
  explicit MediaGraph(const std::string& path);

  const std::vector<media_entity_desc>& entities() const noexcept { return entities_; }
  // All pads of an entity, in the order of their numbers.
  std::vector<media_pad_desc> pads_of(std::uint32_t entity) const;
  // All links that lead from one entity to another.
  const std::vector<media_link_desc>& links() const noexcept { return links_; }

  enum class LinkState { kDisabled, kEnabled };
  // Sets links()[link]. Throws Error: another program streams through the link (75).
  void set_link(std::size_t link, LinkState state);

 private:
  V4l2Port device_;
  std::vector<media_entity_desc> entities_;
  std::vector<media_pad_desc> pads_;
  std::vector<media_link_desc> links_;
};

// The paths of this machine's media devices.
std::vector<std::string> list_media_devices();

// The path of the device node of an entity: /dev/videoN or /dev/v4l-subdevN. Empty: it has none.
std::string node_of(const media_entity_desc& entity);

}  // namespace kvm
