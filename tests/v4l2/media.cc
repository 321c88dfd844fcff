#include "media.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/media-bus-format.h>
#include <linux/videodev2.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace fake {

namespace {

std::array<std::atomic<MediaNode*>, 1024> open_nodes;  // the index is a descriptor

struct BusFormat {
  const char* name;
  std::uint32_t code, fourcc;
};
// As rp1-cfe pairs them.
constexpr BusFormat kFormats[] = {
    {"UYVY8_1X16", MEDIA_BUS_FMT_UYVY8_1X16, V4L2_PIX_FMT_UYVY},
    {"RGB888_1X24", MEDIA_BUS_FMT_RGB888_1X24, V4L2_PIX_FMT_RGB24},
    {"BGR888_1X24", MEDIA_BUS_FMT_BGR888_1X24, V4L2_PIX_FMT_BGR24},
};

struct Entity {
  bool video;
  int number;
  std::string pads;  // a letter for each: i: sink, o: source
  std::string name;
};
struct Link {
  std::size_t from, from_pad, to, to_pad;  // entities count from 0
  bool fixed, enabled;
};
// The content of the file mediaN.
struct Graph {
  std::string driver, bus;
  std::vector<Entity> entities;  // the first is the HDMI receiver
  std::vector<Link> links;
  std::vector<std::uint32_t> codes;  // of the receiver
  std::uint32_t refused = 0;         // the code with which a stream does not start
  int width = 0, height = 0, rate = 0;
};

constexpr std::size_t kEntities = 16, kPads = 16, kLinks = 64;
// Shared by all programs.
struct State {
  bool filled;
  bool enabled[kLinks];
  v4l2_mbus_framefmt format[kEntities][kPads];
  v4l2_dv_timings timings;
};

std::uint32_t code_named(const std::string& name) {
  for (const BusFormat& format : kFormats)
    if (name == format.name) return format.code;
  return 0;
}

std::size_t number_before(std::string& text, char separator) {
  const auto at = text.find(separator);
  const std::size_t number = std::strtoul(text.c_str(), nullptr, 10);
  text.erase(0, at == text.npos ? text.size() : at + 1);
  return number;
}

void read_line(const std::string& key, std::istringstream& words, Graph& graph) {
  std::string text, to, state;
  if (key == "driver") words >> graph.driver;
  if (key == "bus") words >> graph.bus;
  if (key == "subdev" || key == "video") {
    Entity entity{key == "video", 0, "", ""};
    words >> entity.number >> entity.pads >> std::ws;
    std::getline(words, entity.name);
    graph.entities.push_back(entity);
  }
  if (key == "link") {
    words >> text >> to >> state;
    Link link{};
    link.from = number_before(text, ':') - 1;
    link.from_pad = number_before(text, ':');
    link.to = number_before(to, ':') - 1;
    link.to_pad = number_before(to, ':');
    link.fixed = state == "fixed";
    link.enabled = link.fixed || state == "on";
    graph.links.push_back(link);
  }
  if (key == "codes")
    while (words >> text) graph.codes.push_back(code_named(text));
  if (key == "refuses" && words >> text) graph.refused = code_named(text);
  if (key == "signal" && words >> text)
    std::sscanf(text.c_str(), "%dx%d@%d", &graph.width, &graph.height, &graph.rate);
}

std::optional<Graph> read_graph(const std::string& folder, int media) {
  std::ifstream file(folder + "/media" + std::to_string(media));
  if (!file) return std::nullopt;
  Graph graph;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    if (words >> key) read_line(key, words, graph);
  }
  return graph;
}

// Maps the state file and fills it when it is new.
State* state_of(const std::string& folder, int media, const Graph& graph) {
  const std::string path = folder + "/state-of-media" + std::to_string(media);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0 || ftruncate(fd, sizeof(State)) < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) return nullptr;
  auto* state = static_cast<State*>(memory);
  if (state->filled) return state;
  for (std::size_t i = 0; i < graph.links.size(); ++i) state->enabled[i] = graph.links[i].enabled;
  for (auto& pads : state->format)
    for (v4l2_mbus_framefmt& format : pads) {
      format.width = 640;
      format.height = 480;
      format.code = MEDIA_BUS_FMT_SRGGB10_1X10;
      format.field = V4L2_FIELD_NONE;
    }
  state->format[0][0].code = graph.codes.empty() ? 0 : graph.codes.front();
  state->filled = true;
  return state;
}

// The state, mapped for as long as this object exists.
class Mapped {
 public:
  Mapped(const std::string& folder, int media, const Graph& graph)
      : state_(state_of(folder, media, graph)) {}
  ~Mapped() {
    if (state_) munmap(state_, sizeof(State));
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  State* operator->() const { return state_; }
  explicit operator bool() const { return state_ != nullptr; }

 private:
  State* state_;
};

int fail(int error) {
  errno = error;
  return -1;
}

bool is_sink(const Entity& entity, std::size_t pad) {
  return entity.pads[pad] == 'i';
}

// csi2 has as many sinks as sources: the first sink feeds the first source.
std::size_t sink_of(const Entity& entity, std::size_t source) {
  const auto sinks =
      static_cast<std::size_t>(std::count(entity.pads.begin(), entity.pads.end(), 'i'));
  return 2 * sinks == entity.pads.size() ? source - sinks : 0;
}

bool same_format(const v4l2_mbus_framefmt& a, const v4l2_mbus_framefmt& b) {
  return a.width == b.width && a.height == b.height && a.code == b.code;
}

v4l2_dv_timings timings_of(const Graph& graph) {
  v4l2_dv_timings timings{};
  timings.type = V4L2_DV_BT_656_1120;
  timings.bt.width = static_cast<std::uint32_t>(graph.width);
  timings.bt.height = static_cast<std::uint32_t>(graph.height);
  timings.bt.hfrontporch = 88;
  timings.bt.hsync = 44;
  timings.bt.hbackporch = 148;
  timings.bt.vfrontporch = 4;
  timings.bt.vsync = 5;
  timings.bt.vbackporch = 36;
  timings.bt.pixelclock = static_cast<std::uint64_t>(graph.width + 280) *
                          static_cast<std::uint64_t>(graph.height + 45) *
                          static_cast<std::uint64_t>(graph.rate);
  return timings;
}

bool same_timings(const v4l2_dv_timings& a, const v4l2_dv_timings& b) {
  return a.bt.width == b.bt.width && a.bt.height == b.bt.height &&
         a.bt.pixelclock == b.bt.pixelclock;
}

// The media device that has this entity, and its index in the graph.
struct Found {
  int media;
  Graph graph;
  std::size_t entity;
};
std::optional<Found> find_entity(const std::string& folder, bool video, int number) {
  for (int media = 0; media < 8; ++media) {
    auto graph = read_graph(folder, media);
    if (!graph) continue;
    for (std::size_t i = 0; i < graph->entities.size(); ++i)
      if (graph->entities[i].video == video && graph->entities[i].number == number)
        return Found{media, *graph, i};
  }
  return std::nullopt;
}

// ---- the ioctls of the media device ----

int enum_entities(const Graph& graph, media_entity_desc& entity) {
  const bool next = entity.id & MEDIA_ENT_ID_FLAG_NEXT;
  const std::size_t id = (entity.id & ~MEDIA_ENT_ID_FLAG_NEXT) + (next ? 1 : 0);
  if (id == 0 || id > graph.entities.size()) return fail(EINVAL);
  const Entity& mine = graph.entities[id - 1];
  entity = {};
  entity.id = static_cast<std::uint32_t>(id);
  std::snprintf(entity.name, sizeof entity.name, "%s", mine.name.c_str());
  entity.type = mine.video ? MEDIA_ENT_F_IO_V4L : MEDIA_ENT_F_V4L2_SUBDEV_UNKNOWN;
  entity.pads = static_cast<std::uint16_t>(mine.pads.size());
  entity.links = static_cast<std::uint16_t>(
      std::count_if(graph.links.begin(), graph.links.end(),
                    [&](const Link& link) { return link.from == id - 1; }));
  entity.dev.major = 81;
  entity.dev.minor = mine.video ? static_cast<unsigned>(mine.number) : subdev_minor(mine.number);
  return 0;
}

media_pad_desc describe_pad(const Graph& graph, std::size_t entity, std::size_t pad) {
  media_pad_desc description{};
  description.entity = static_cast<std::uint32_t>(entity + 1);
  description.index = static_cast<std::uint16_t>(pad);
  description.flags =
      is_sink(graph.entities[entity], pad) ? MEDIA_PAD_FL_SINK : MEDIA_PAD_FL_SOURCE;
  return description;
}

int enum_links(const Graph& graph, const State& state, media_links_enum& wanted) {
  if (wanted.entity == 0 || wanted.entity > graph.entities.size()) return fail(EINVAL);
  const std::size_t entity = wanted.entity - 1;
  if (wanted.pads)
    for (std::size_t pad = 0; pad < graph.entities[entity].pads.size(); ++pad)
      wanted.pads[pad] = describe_pad(graph, entity, pad);
  std::size_t count = 0;
  for (std::size_t i = 0; wanted.links && i < graph.links.size(); ++i) {
    const Link& link = graph.links[i];
    if (link.from != entity) continue;
    media_link_desc description{};
    description.source = describe_pad(graph, link.from, link.from_pad);
    description.sink = describe_pad(graph, link.to, link.to_pad);
    description.flags =
        (state.enabled[i] ? MEDIA_LNK_FL_ENABLED : 0u) | (link.fixed ? MEDIA_LNK_FL_IMMUTABLE : 0u);
    wanted.links[count++] = description;
  }
  return 0;
}

int set_up_link(const Graph& graph, State& state, const media_link_desc& wanted) {
  for (std::size_t i = 0; i < graph.links.size(); ++i) {
    const Link& link = graph.links[i];
    if (link.from + 1 != wanted.source.entity || link.from_pad != wanted.source.index ||
        link.to + 1 != wanted.sink.entity || link.to_pad != wanted.sink.index)
      continue;
    const bool enable = wanted.flags & MEDIA_LNK_FL_ENABLED;
    if (link.fixed) return enable ? 0 : fail(EINVAL);
    // A sink takes one link at a time.
    for (std::size_t other = 0; enable && other < graph.links.size(); ++other)
      if (other != i && state.enabled[other] && graph.links[other].to == link.to &&
          graph.links[other].to_pad == link.to_pad)
        return fail(EBUSY);
    state.enabled[i] = enable;
    return 0;
  }
  return fail(EINVAL);
}

int media_ioctl(const Graph& graph, State& state, unsigned long request, void* argument) {
  switch (request) {
    case MEDIA_IOC_DEVICE_INFO: {
      auto& info = *static_cast<media_device_info*>(argument);
      info = {};
      std::snprintf(info.driver, sizeof info.driver, "%s", graph.driver.c_str());
      std::snprintf(info.model, sizeof info.model, "%s", graph.driver.c_str());
      std::snprintf(info.bus_info, sizeof info.bus_info, "%s", graph.bus.c_str());
      info.media_version = info.driver_version = 6 << 16 | 12 << 8;
      return 0;
    }
    case MEDIA_IOC_ENUM_ENTITIES:
      return enum_entities(graph, *static_cast<media_entity_desc*>(argument));
    case MEDIA_IOC_ENUM_LINKS:
      return enum_links(graph, state, *static_cast<media_links_enum*>(argument));
    case MEDIA_IOC_SETUP_LINK:
      return set_up_link(graph, state, *static_cast<media_link_desc*>(argument));
    default:
      return fail(ENOTTY);
  }
}

// ---- the ioctls of a subdevice ----

int receiver_ioctl(const std::string& edid_path, const Graph& graph, State& state,
                   unsigned long request, void* argument) {
  switch (request) {
    case VIDIOC_SUBDEV_DV_TIMINGS_CAP:
      static_cast<v4l2_dv_timings_cap*>(argument)->type = V4L2_DV_BT_656_1120;
      return 0;
    case VIDIOC_SUBDEV_QUERY_DV_TIMINGS:
      if (graph.width == 0) return fail(ENOLINK);
      *static_cast<v4l2_dv_timings*>(argument) = timings_of(graph);
      return 0;
    case VIDIOC_SUBDEV_G_DV_TIMINGS:
      *static_cast<v4l2_dv_timings*>(argument) = state.timings;
      return 0;
    case VIDIOC_SUBDEV_S_DV_TIMINGS:
      state.timings = *static_cast<v4l2_dv_timings*>(argument);
      state.format[0][0].width = state.timings.bt.width;
      state.format[0][0].height = state.timings.bt.height;
      return 0;
    case VIDIOC_SUBDEV_S_EDID: {
      const auto& edid = *static_cast<v4l2_edid*>(argument);
      std::ofstream(edid_path, std::ios::binary)
          .write(reinterpret_cast<const char*>(edid.edid), std::streamsize{128} * edid.blocks);
      return 0;
    }
    case VIDIOC_SUBDEV_G_EDID: {
      auto& edid = *static_cast<v4l2_edid*>(argument);
      std::ifstream file(edid_path, std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
      if (bytes.empty()) return fail(ENODATA);
      const auto have = static_cast<std::uint32_t>(bytes.size() / 128);
      edid.blocks = edid.blocks == 0 ? have : std::min(edid.blocks, have);
      if (edid.edid) std::memcpy(edid.edid, bytes.data(), std::size_t{128} * edid.blocks);
      return 0;
    }
    default:
      return fail(ENOTTY);
  }
}

int pad_format(const Graph& graph, State& state, std::size_t entity, v4l2_subdev_format& wanted,
               bool set) {
  if (wanted.pad >= graph.entities[entity].pads.size()) return fail(EINVAL);
  v4l2_mbus_framefmt& format = state.format[entity][wanted.pad];
  if (set && wanted.which == V4L2_SUBDEV_FORMAT_ACTIVE) {
    const auto& codes = graph.codes;
    if (entity != 0) {
      format = wanted.format;
    } else if (std::find(codes.begin(), codes.end(), wanted.format.code) != codes.end()) {
      format.code = wanted.format.code;  // the timings determine the size
    }
  }
  wanted.format = format;
  return 0;
}

int enum_codes(const Graph& graph, std::size_t entity, v4l2_subdev_mbus_code_enum& wanted) {
  if (wanted.pad >= graph.entities[entity].pads.size()) return fail(EINVAL);
  if (entity != 0) {
    if (wanted.index >= std::size(kFormats)) return fail(EINVAL);
    wanted.code = kFormats[wanted.index].code;
    return 0;
  }
  if (wanted.index >= graph.codes.size()) return fail(EINVAL);
  wanted.code = graph.codes[wanted.index];
  return 0;
}

}  // namespace

unsigned subdev_minor(int number) {
  return 128 + static_cast<unsigned>(number);
}

std::uint32_t bus_code_of(std::uint32_t fourcc) {
  for (const BusFormat& format : kFormats)
    if (format.fourcc == fourcc) return format.code;
  return 0;
}

unsigned MediaNode::minor_number() const {
  return subdev_ < 0 ? static_cast<unsigned>(media_) : subdev_minor(subdev_);
}

int MediaNode::open(const std::string& folder, const std::string& name) {
  int media = -1, subdev = -1;
  if (std::sscanf(name.c_str(), "v4l-subdev%d", &subdev) == 1) {
    const auto found = find_entity(folder, false, subdev);
    media = found ? found->media : -1;
  } else {
    std::sscanf(name.c_str(), "media%d", &media);
  }
  if (media < 0 || !read_graph(folder, media)) return fail(ENODEV);
  const int fd = memfd_create("fake-media", MFD_CLOEXEC);
  if (fd < 0 || static_cast<std::size_t>(fd) >= open_nodes.size()) return fail(EMFILE);
  open_nodes[static_cast<std::size_t>(fd)] = new MediaNode(folder, media, subdev);
  return fd;
}

MediaNode* MediaNode::find(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  return index < open_nodes.size() ? open_nodes[index].load() : nullptr;
}

void MediaNode::close(int fd) {
  if (find(fd)) delete open_nodes[static_cast<std::size_t>(fd)].exchange(nullptr);
}

int MediaNode::ioctl(unsigned long request, void* argument) {
  const auto graph = read_graph(folder_, media_);
  if (!graph) return fail(ENODEV);
  const Mapped state(folder_, media_, *graph);
  if (!state) return fail(EIO);
  if (subdev_ < 0) return media_ioctl(*graph, *state.operator->(), request, argument);
  const auto found = find_entity(folder_, false, subdev_);
  if (!found) return fail(ENODEV);
  switch (request) {
    case VIDIOC_SUBDEV_QUERYCAP:
      *static_cast<v4l2_subdev_capability*>(argument) = {6 << 16 | 12 << 8, 0, {}};
      return 0;
    case VIDIOC_SUBDEV_G_FMT:
    case VIDIOC_SUBDEV_S_FMT:
      return pad_format(*graph, *state.operator->(), found->entity,
                        *static_cast<v4l2_subdev_format*>(argument),
                        request == VIDIOC_SUBDEV_S_FMT);
    case VIDIOC_SUBDEV_ENUM_MBUS_CODE:
      return enum_codes(*graph, found->entity, *static_cast<v4l2_subdev_mbus_code_enum*>(argument));
    default:
      if (found->entity != 0) return fail(ENOTTY);
      return receiver_ioctl(folder_ + "/edid-v4l-subdev" + std::to_string(subdev_), *graph,
                            *state.operator->(), request, argument);
  }
}

int stream_error(const std::string& folder, int video, const Pixels& pixels) {
  const auto found = find_entity(folder, true, video);
  if (!found) return ENOLINK;
  const Graph& graph = found->graph;
  const Mapped state(folder, found->media, graph);
  if (!state) return EIO;
  std::size_t entity = found->entity, pad = 0;
  v4l2_mbus_framefmt wanted{};
  wanted.width = static_cast<std::uint32_t>(pixels.width);
  wanted.height = static_cast<std::uint32_t>(pixels.height);
  wanted.code = bus_code_of(pixels.fourcc);
  for (std::size_t depth = 0; entity != 0 && depth < kEntities; ++depth) {
    std::size_t i = 0;
    while (i < graph.links.size() &&
           !(state->enabled[i] && graph.links[i].to == entity && graph.links[i].to_pad == pad))
      ++i;
    if (i == graph.links.size()) return ENOLINK;
    entity = graph.links[i].from;
    const std::size_t source = graph.links[i].from_pad;
    if (!same_format(state->format[entity][source], wanted)) return EPIPE;
    if (entity == 0) break;
    pad = sink_of(graph.entities[entity], source);
    wanted = state->format[entity][pad];
    if (!same_format(state->format[entity][source], wanted)) return EPIPE;
  }
  return state->format[0][0].code == graph.refused ? EPIPE : 0;
}

int arriving_hz(const std::string& folder, int video) {
  const auto found = find_entity(folder, true, video);
  if (!found) return 0;
  const Graph& graph = found->graph;
  const Mapped state(folder, found->media, graph);
  if (!state || graph.width == 0 || !same_timings(state->timings, timings_of(graph))) return 0;
  for (std::size_t i = 0; i < graph.links.size(); ++i) {
    const Entity& to = graph.entities[graph.links[i].to];
    if (state->enabled[i] && to.video && to.number != video) return 0;
  }
  return graph.rate;
}

}  // namespace fake
