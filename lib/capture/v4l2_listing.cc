#include "capture/v4l2_listing.h"

#include <linux/videodev2.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <tuple>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr Size kBest{1920, 1080};
constexpr double kLeastHz = 15, kUsualHz = 30;
constexpr double kEnough = 0.99;

int as_int(std::uint32_t value) {
  return static_cast<int>(std::min<std::uint32_t>(value, 1u << 16));
}

void list_rates(const V4l2Node& node, std::uint32_t fourcc, SizeInfo& info) {
  v4l2_frmivalenum each{};
  each.pixel_format = fourcc;
  each.width = static_cast<std::uint32_t>(info.most.width);
  each.height = static_cast<std::uint32_t>(info.most.height);
  for (; each.index < 256 && node.ask(VIDIOC_ENUM_FRAMEINTERVALS, &each); ++each.index) {
    const bool discrete = each.type == V4L2_FRMIVAL_TYPE_DISCRETE;
    const v4l2_fract& shortest = discrete ? each.discrete : each.stepwise.min;
    if (shortest.numerator > 0 && shortest.denominator > 0)
      info.rates.push_back({shortest.denominator, shortest.numerator});
    info.any_rate = !discrete;
    if (!discrete) break;
  }
  std::sort(info.rates.begin(), info.rates.end(), [](Rate a, Rate b) { return a.hz() > b.hz(); });
}

std::vector<SizeInfo> list_sizes(const V4l2Node& node, std::uint32_t fourcc) {
  std::vector<SizeInfo> sizes;
  v4l2_frmsizeenum each{};
  each.pixel_format = fourcc;
  for (; each.index < 1024 && node.ask(VIDIOC_ENUM_FRAMESIZES, &each); ++each.index) {
    SizeInfo info;
    if (each.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
      info.least = info.most = {as_int(each.discrete.width), as_int(each.discrete.height)};
    } else {
      const v4l2_frmsize_stepwise& range = each.stepwise;
      info.least = {as_int(range.min_width), as_int(range.min_height)};
      info.most = {as_int(range.max_width), as_int(range.max_height)};
      info.step = {std::max(1, as_int(range.step_width)), std::max(1, as_int(range.step_height))};
    }
    list_rates(node, fourcc, info);
    sizes.push_back(std::move(info));
    if (each.type != V4L2_FRMSIZE_TYPE_DISCRETE) break;
  }
  return sizes;
}

// "White Balance, Automatic" → "white_balance_automatic", as v4l2-ctl(1) writes it.
std::string control_name(const std::string& title) {
  std::string name;
  for (const char c : title) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    else if (!name.empty() && name.back() != '_')
      name.push_back('_');
  }
  while (name.ends_with('_')) name.pop_back();
  return name;
}

const char* type_name(std::uint32_t type) {
  switch (type) {
    case V4L2_CTRL_TYPE_INTEGER:
    case V4L2_CTRL_TYPE_INTEGER64:
    case V4L2_CTRL_TYPE_BITMASK:
      return "int";
    case V4L2_CTRL_TYPE_BOOLEAN:
      return "bool";
    case V4L2_CTRL_TYPE_MENU:
    case V4L2_CTRL_TYPE_INTEGER_MENU:
      return "menu";
    case V4L2_CTRL_TYPE_BUTTON:
      return "button";
    case V4L2_CTRL_TYPE_STRING:
      return "text";
    default:
      return "other";
  }
}

void list_menu(const V4l2Node& node, std::uint32_t type, ControlInfo& control) {
  for (std::int64_t i = control.least; i <= control.most && i < 256; ++i) {
    v4l2_querymenu item{};
    item.id = control.id;
    item.index = static_cast<std::uint32_t>(i);
    if (!node.ask(VIDIOC_QUERYMENU, &item)) continue;
    control.menu.emplace_back(i, type == V4L2_CTRL_TYPE_MENU
                                     ? name_in(item.name)
                                     : std::to_string(static_cast<long long>(item.value)));
  }
}

Size nearest(const SizeInfo& info, Size wanted) {
  const auto snap = [](int least, int most, int step, int value) {
    value = std::clamp(value, least, most);
    return least + (value - least) / step * step;
  };
  return {snap(info.least.width, info.most.width, info.step.width, wanted.width),
          snap(info.least.height, info.most.height, info.step.height, wanted.height)};
}

// The slowest of the device's rates that is enough; 29.97 is for 30.
std::optional<Rate> rate_to_ask(const SizeInfo& info, std::optional<Rate> wanted) {
  if (!wanted || info.any_rate || info.rates.empty()) return wanted;
  const auto enough = std::find_if(info.rates.rbegin(), info.rates.rend(),
                                   [&](Rate rate) { return rate.hz() >= kEnough * wanted->hz(); });
  return enough == info.rates.rend() ? info.rates.front() : *enough;
}

long distance(Size a, Size b) {
  return std::abs(long{a.width} - b.width) + std::abs(long{a.height} - b.height);
}

// What encoding one costs, roughly; the table of formats is in that order.
long cost(std::uint32_t fourcc) {
  if (is_jpeg(fourcc)) return -1;
  const auto formats = pixel_formats();
  return std::find_if(formats.begin(), formats.end(),
                      [&](const PixelFormat& format) { return format.fourcc == fourcc; }) -
         formats.begin();
}

// A Raspberry Pi's image processor: it has formats and no picture of its own.
bool sees_nothing(const V4l2Node& node) {
  constexpr std::string_view kDrivers[] = {"bcm2835-isp", "pispbe"};
  return std::any_of(std::begin(kDrivers), std::end(kDrivers), [&](std::string_view driver) {
    return node.driver().starts_with(driver) || node.card().starts_with(driver);
  });
}

}  // namespace

std::vector<FormatInfo> list_formats(const V4l2Node& node) {
  std::vector<FormatInfo> formats;
  v4l2_fmtdesc each{};
  each.type = node.type();
  for (; each.index < 256 && node.ask(VIDIOC_ENUM_FMT, &each); ++each.index) {
    FormatInfo info;
    info.fourcc = each.pixelformat;
    info.description = name_in(each.description);
    info.usable = is_usable(each.pixelformat);
    info.sizes = list_sizes(node, each.pixelformat);
    formats.push_back(std::move(info));
  }
  return formats;
}

std::vector<ControlInfo> list_controls(const V4l2Node& node) {
  std::vector<ControlInfo> controls;
  v4l2_query_ext_ctrl each{};
  while (controls.size() < 1024) {
    each.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
    if (!node.ask(VIDIOC_QUERY_EXT_CTRL, &each)) break;
    if (each.type == V4L2_CTRL_TYPE_CTRL_CLASS || each.flags & V4L2_CTRL_FLAG_DISABLED) continue;
    ControlInfo control;
    control.id = each.id;
    control.name = control_name(std::string(each.name, strnlen(each.name, sizeof each.name)));
    control.type = type_name(each.type);
    control.least = each.minimum;
    control.most = each.maximum;
    control.step = static_cast<std::int64_t>(each.step);
    control.standard = each.default_value;
    control.read_only = each.flags & V4L2_CTRL_FLAG_READ_ONLY;
    if (control.type == "menu") list_menu(node, each.type, control);
    v4l2_control current{};
    current.id = each.id;
    if (control.type != "text" && control.type != "other" && node.ask(VIDIOC_G_CTRL, &current))
      control.value = current.value;
    controls.push_back(std::move(control));
  }
  return controls;
}

void set_control(const V4l2Node& node, const std::string& name, const std::string& value) {
  const auto controls = list_controls(node);
  const auto control = std::find_if(controls.begin(), controls.end(),
                                    [&](const ControlInfo& c) { return c.name == name; });
  const std::string where = node.path() + ": control " + printable(name);
  if (control == controls.end())
    throw Error(Exit::kUsage, where + ": there is none (see kvm-capture --list)");
  auto number = parse_number<std::int32_t>(value);
  for (const auto& [item, title] : control->menu)
    if (title == value || control_name(title) == value) number = static_cast<std::int32_t>(item);
  if (control->type == "bool" && (value == "on" || value == "off")) number = value == "on";
  if (!number || *number < control->least || *number > control->most)
    throw Error(Exit::kUsage, where + ": no such value: " + printable(value) +
                                  strf(" (%lld to %lld)", static_cast<long long>(control->least),
                                       static_cast<long long>(control->most)));
  v4l2_control request{control->id, *number};
  node.must(VIDIOC_S_CTRL, &request, ("control " + name).c_str());
}

std::vector<V4l2Node> list_nodes(std::optional<Error>* refused) {
  std::vector<V4l2Node> nodes;
  for (int number = 0; number < 256; ++number) {  // the kernel has no more (VIDEO_NUM_DEVICES)
    const std::string path = "/dev/video" + std::to_string(number);
    if (::access(path.c_str(), F_OK) < 0) continue;
    try {
      nodes.emplace_back(path);
    } catch (const Error& error) {
      // A codec, a metadata node: nothing that could be chosen. One that is not ours to open might.
      if (refused && !*refused && error.exit() == Exit::kPermission) *refused = error;
    }
  }
  return nodes;
}

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
      sizes.push_back({target, target, {1, 1}, {}, true});  // it does not tell: ask
    for (const SizeInfo& info : sizes) {
      const Size candidate = nearest(info, target);
      const double hz = info.rates.empty() ? kUsualHz : info.rates.front().hz();
      const bool slow = !size && hz < std::min(kLeastHz, hz_wanted);
      const std::tuple rank{slow, distance(candidate, target), -std::min(hz, hz_wanted),
                            cost(format.fourcc)};
      if (!best || rank < best_rank) {
        best = Choice{format.fourcc, candidate, rate_to_ask(info, rate)};
        best_rank = rank;
      }
    }
  }
  return best;
}

std::optional<std::size_t> choose_node(const std::vector<V4l2Node>& nodes) {
  std::optional<std::size_t> best;
  std::tuple<bool, long> best_rank;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (sees_nothing(nodes[i])) continue;
    const auto choice = choose_format(list_formats(nodes[i]), {}, {}, {});
    if (!choice) continue;
    v4l2_dv_timings_cap timings{};
    const bool hdmi = nodes[i].ask(VIDIOC_DV_TIMINGS_CAP, &timings);
    const std::tuple rank{!hdmi, distance(choice->size, kBest)};
    if (best && rank >= best_rank) continue;
    best = i;
    best_rank = rank;
  }
  return best;
}

std::string resolve_device(const std::string& name) {
  if (name == "auto") {
    std::optional<Error> refused;
    const auto nodes = list_nodes(&refused);
    if (const auto found = choose_node(nodes)) return nodes[*found].path();
    if (refused) throw *refused;
    throw Error(Exit::kNoInput, "no capture device found (is it plugged in? -d test needs none)");
  }
  if (name.find('/') != name.npos) return name;
  for (const char* folder : {"/dev/v4l/by-id/", "/dev/v4l/by-path/"})
    if (::access((folder + name).c_str(), F_OK) == 0) return folder + name;
  return "/dev/" + name;
}

}  // namespace kvm
