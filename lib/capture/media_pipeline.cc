#include "capture/media_pipeline.h"

#include <linux/v4l2-subdev.h>
#include <linux/videodev2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "base/error.h"

namespace kvm {

namespace {

constexpr std::size_t kMostParts = 8;  // a graph may have loops

// The sink pad from which a source pad gets its pictures. If an entity has as many sinks as
// sources, each sink feeds one source: the channels of a CSI-2 port.
std::optional<std::uint32_t> sink_behind(const std::vector<media_pad_desc>& pads,
                                         std::uint32_t source) {
  std::vector<std::uint32_t> sinks, sources;
  for (const media_pad_desc& pad : pads)
    (pad.flags & MEDIA_PAD_FL_SINK ? sinks : sources).push_back(pad.index);
  if (sinks.empty()) return std::nullopt;
  const auto at = std::find(sources.begin(), sources.end(), source) - sources.begin();
  return sinks.size() == sources.size() ? sinks[static_cast<std::size_t>(at)] : sinks.front();
}

bool has_timings(const V4l2Port& port) {
  v4l2_dv_timings_cap about{};
  return port.ask(VIDIOC_SUBDEV_DV_TIMINGS_CAP, &about);
}

// Sets the format of a pad and returns what the driver made of it.
v4l2_mbus_framefmt set_pad(const V4l2Port& port, std::uint32_t pad, v4l2_mbus_framefmt wanted) {
  v4l2_subdev_format format{};
  format.which = V4L2_SUBDEV_FORMAT_ACTIVE;
  format.pad = pad;
  format.format = wanted;
  port.must(VIDIOC_SUBDEV_S_FMT, &format, "VIDIOC_SUBDEV_S_FMT");
  return format.format;
}

}  // namespace

std::optional<MediaPipeline> MediaPipeline::find(const V4l2Node& node) {
  if (!node.media_controller()) return std::nullopt;
  for (const std::string& path : list_media_devices())
    if (auto found = find_in(MediaGraph(path), node.path())) return found;
  return std::nullopt;
}

// Goes from the node against the direction of the links until an entity has no sink.
std::optional<MediaPipeline> MediaPipeline::find_in(MediaGraph graph, const std::string& node) {
  struct stat wanted = {};
  if (::stat(node.c_str(), &wanted) < 0) return std::nullopt;
  const auto& entities = graph.entities();
  const auto end = std::find_if(entities.begin(), entities.end(), [&](const auto& entity) {
    return makedev(entity.dev.major, entity.dev.minor) == wanted.st_rdev;
  });
  if (end == entities.end()) return std::nullopt;

  std::vector<Part> parts;
  std::vector<std::size_t> path;
  media_pad_desc sink{};
  sink.entity = end->id;
  while (parts.size() < kMostParts) {
    const auto& links = graph.links();
    const auto link = std::find_if(links.begin(), links.end(), [&](const media_link_desc& known) {
      return known.sink.entity == sink.entity && known.sink.index == sink.index;
    });
    if (link == links.end()) return std::nullopt;
    const auto from = std::find_if(entities.begin(), entities.end(), [&](const auto& entity) {
      return entity.id == link->source.entity;
    });
    const std::string device = from == entities.end() ? "" : node_of(*from);
    if (device.empty()) return std::nullopt;
    const auto before = sink_behind(graph.pads_of(from->id), link->source.index);
    parts.push_back({V4l2Port(device), before, link->source.index});
    path.push_back(static_cast<std::size_t>(link - links.begin()));
    if (!before) break;
    sink.entity = from->id;
    sink.index = static_cast<std::uint16_t>(*before);
  }
  if (parts.back().sink || !has_timings(parts.back().port)) return std::nullopt;
  std::reverse(parts.begin(), parts.end());
  std::reverse(path.begin(), path.end());
  return MediaPipeline(std::move(graph), std::move(parts), std::move(path));
}

std::vector<FormatInfo> MediaPipeline::formats(const V4l2Node& node) const {
  std::vector<FormatInfo> formats;
  v4l2_subdev_mbus_code_enum each{};
  each.pad = parts_.front().source;
  each.which = V4L2_SUBDEV_FORMAT_ACTIVE;
  for (; each.index < 64 && receiver().ask(VIDIOC_SUBDEV_ENUM_MBUS_CODE, &each); ++each.index)
    for (FormatInfo& format : list_formats(node, each.code)) formats.push_back(std::move(format));
  return formats;
}

void MediaPipeline::set_up(std::uint32_t bus_code, Size size) {
  const auto& links = graph_.links();
  const auto on_path = [&](std::size_t i) {
    return std::find(path_.begin(), path_.end(), i) != path_.end();
  };
  for (std::size_t i = 0; i < links.size(); ++i)
    if (!on_path(i) && links[i].flags & MEDIA_LNK_FL_ENABLED &&
        !(links[i].flags & MEDIA_LNK_FL_IMMUTABLE))
      graph_.set_link(i, MediaGraph::LinkState::kDisabled);
  for (const std::size_t i : path_)
    if (!(links[i].flags & MEDIA_LNK_FL_ENABLED))
      graph_.set_link(i, MediaGraph::LinkState::kEnabled);

  v4l2_mbus_framefmt format{};
  format.code = bus_code;
  format.width = static_cast<std::uint32_t>(size.width);
  format.height = static_cast<std::uint32_t>(size.height);
  format.field = V4L2_FIELD_NONE;
  for (const Part& part : parts_) {
    if (part.sink) format = set_pad(part.port, *part.sink, format);
    format = set_pad(part.port, part.source, format);
  }
}

}  // namespace kvm
