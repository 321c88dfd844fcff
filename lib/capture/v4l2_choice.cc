#include "capture/v4l2_choice.h"

#include <linux/videodev2.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "base/error.h"
#include "capture/media_pipeline.h"

namespace kvm {

namespace {

constexpr Size kBest{1920, 1080};
constexpr double kLeastHz = 15, kUsualHz = 30;
constexpr double kEnough = 0.99;  // share of the wanted rate: 29.97 is enough for 30

Size nearest(const SizeInfo& info, Size wanted) {
  const auto snap = [](int least, int most, int step, int value) {
    value = std::clamp(value, least, most);
    return least + (value - least) / step * step;
  };
  return {snap(info.least.width, info.most.width, info.step.width, wanted.width),
          snap(info.least.height, info.most.height, info.step.height, wanted.height)};
}

// The slowest of the device's rates that is fast enough; the fastest if all are too slow.
std::optional<Rate> rate_to_ask(const SizeInfo& info, std::optional<Rate> wanted) {
  if (!wanted || info.any_rate || info.rates.empty()) return wanted;
  const auto enough = std::find_if(info.rates.rbegin(), info.rates.rend(),
                                   [&](Rate rate) { return rate.hz() >= kEnough * wanted->hz(); });
  return enough == info.rates.rend() ? info.rates.front() : *enough;
}

long distance(Size a, Size b) {
  return std::abs(long{a.width} - b.width) + std::abs(long{a.height} - b.height);
}

// The format's rank by the cost of a picture: JPEG first, then the table of pixel formats, which is
// roughly in the order of cost, the cheapest first.
long cost(std::uint32_t fourcc) {
  if (is_jpeg(fourcc)) return -1;
  const auto formats = pixel_formats();
  return std::find_if(formats.begin(), formats.end(),
                      [&](const PixelFormat& format) { return format.fourcc == fourcc; }) -
         formats.begin();
}

// True for the image processor of a Raspberry Pi: it has formats but no picture of its own.
bool is_image_processor(const V4l2Node& node) {
  constexpr std::string_view kDrivers[] = {"bcm2835-isp", "pispbe"};
  return std::any_of(std::begin(kDrivers), std::end(kDrivers), [&](std::string_view driver) {
    return node.driver().starts_with(driver) || node.card().starts_with(driver);
  });
}

// False also if the parts before the node cannot be opened: other nodes may still be of use.
bool ends_a_pipeline(const V4l2Node& node) {
  try {
    return MediaPipeline::find(node).has_value();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::optional<Choice> choose_format(const std::vector<FormatInfo>& formats,
                                    std::optional<Size> size, std::optional<Rate> rate,
                                    std::optional<std::uint32_t> fourcc) {
  const Size target = size.value_or(kBest);
  const double hz_wanted = rate ? rate->hz() : kUsualHz;
  std::optional<Choice> best;
  std::tuple<bool, long, double, long> best_rank;
  for (const FormatInfo& format : formats) {
    if (!format.usable || (fourcc && format.fourcc != *fourcc)) continue;
    std::vector<SizeInfo> sizes = format.sizes;
    if (sizes.empty())
      sizes.push_back({target, target, {1, 1}, {}, true});  // the driver lists none: try this size
    for (const SizeInfo& info : sizes) {
      const Size candidate = nearest(info, target);
      const double hz = info.rates.empty() ? kUsualHz : info.rates.front().hz();
      const bool slow = !size && hz < std::min(kLeastHz, hz_wanted);
      const std::tuple rank{slow, distance(candidate, target), -std::min(hz, hz_wanted),
                            cost(format.fourcc)};
      if (!best || rank < best_rank) {
        best = Choice{format.fourcc, format.bus_code, candidate, rate_to_ask(info, rate)};
        best_rank = rank;
      }
    }
  }
  return best;
}

std::vector<std::size_t> rank_nodes(const std::vector<V4l2Node>& nodes) {
  std::vector<std::tuple<bool, bool, long, std::size_t>> ranks;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (is_image_processor(nodes[i])) continue;
    const auto choice = choose_format(list_formats(nodes[i]), {}, {}, {});
    if (!choice) continue;
    v4l2_dv_timings_cap timings{};
    const bool hdmi = nodes[i].ask(VIDIOC_DV_TIMINGS_CAP, &timings) || ends_a_pipeline(nodes[i]);
    ranks.emplace_back(!hdmi, nodes[i].media_controller(), distance(choice->size, kBest), i);
  }
  std::sort(ranks.begin(), ranks.end());
  std::vector<std::size_t> ranked;
  for (const auto& rank : ranks) ranked.push_back(std::get<3>(rank));
  return ranked;
}

std::vector<V4l2Node> find_nodes(const V4l2Hints& hints) {
  std::optional<Error> refused;
  auto nodes = list_nodes(&refused, hints);
  std::vector<V4l2Node> ranked;
  for (const std::size_t i : rank_nodes(nodes)) ranked.push_back(std::move(nodes[i]));
  if (!ranked.empty()) return ranked;
  if (refused) throw *refused;
  throw Error(Exit::kNoInput, "no capture device found", hints.none_found);
}

std::string resolve_device(const std::string& name) {
  if (name.find('/') != name.npos) return name;
  for (const char* folder : {"/dev/v4l/by-id/", "/dev/v4l/by-path/"})
    if (::access((folder + name).c_str(), F_OK) == 0) return folder + name;
  return "/dev/" + name;
}

}  // namespace kvm
