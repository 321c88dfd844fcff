#include "capture/media_graph.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

namespace kvm {

namespace {

constexpr std::uint32_t kMostNodes = 256;

std::vector<std::string> nodes_named(const std::string& prefix) {
  std::vector<std::string> paths;
  for (std::uint32_t number = 0; number < kMostNodes; ++number)
    if (const std::string path = prefix + std::to_string(number); ::access(path.c_str(), F_OK) == 0)
      paths.push_back(path);
  return paths;
}

}  // namespace

MediaGraph::MediaGraph(const std::string& path) : device_(path) {
  media_entity_desc each{};
  for (each.id = MEDIA_ENT_ID_FLAG_NEXT; device_.ask(MEDIA_IOC_ENUM_ENTITIES, &each);
       each.id |= MEDIA_ENT_ID_FLAG_NEXT) {
    entities_.push_back(each);
    std::vector<media_pad_desc> pads(each.pads);
    std::vector<media_link_desc> links(each.links);
    media_links_enum wanted{};
    wanted.entity = each.id;
    wanted.pads = pads.data();
    wanted.links = links.data();
    device_.must(MEDIA_IOC_ENUM_LINKS, &wanted, "MEDIA_IOC_ENUM_LINKS");
    pads_.insert(pads_.end(), pads.begin(), pads.end());
    links_.insert(links_.end(), links.begin(), links.end());
  }
}

std::vector<media_pad_desc> MediaGraph::pads_of(std::uint32_t entity) const {
  std::vector<media_pad_desc> pads;
  for (const media_pad_desc& pad : pads_)
    if (pad.entity == entity) pads.push_back(pad);
  return pads;
}

void MediaGraph::set_link(std::size_t link, LinkState state) {
  constexpr std::uint32_t kEnabled = MEDIA_LNK_FL_ENABLED;
  media_link_desc wanted = links_[link];
  wanted.flags = state == LinkState::kEnabled ? wanted.flags | kEnabled : wanted.flags & ~kEnabled;
  device_.must(MEDIA_IOC_SETUP_LINK, &wanted, "MEDIA_IOC_SETUP_LINK");
  links_[link] = wanted;
}

std::vector<std::string> list_media_devices() {
  return nodes_named("/dev/media");
}

std::string node_of(const media_entity_desc& entity) {
  const dev_t device = makedev(entity.dev.major, entity.dev.minor);
  for (const char* prefix : {"/dev/video", "/dev/v4l-subdev"})
    for (const std::string& path : nodes_named(prefix)) {
      struct stat about = {};
      if (::stat(path.c_str(), &about) == 0 && about.st_rdev == device) return path;
    }
  return {};
}

}  // namespace kvm
