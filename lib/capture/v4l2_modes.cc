#include "capture/v4l2_modes.h"

#include <linux/videodev2.h>

#include <algorithm>

#include "base/text.h"

namespace kvm {

namespace {

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

}  // namespace

std::optional<Size> parse_size(std::string_view text) {
  constexpr int kLeast = 16, kMost = 16384;
  const auto x = text.find('x');
  if (x == text.npos) return std::nullopt;
  const auto width = parse_number<int>(text.substr(0, x));
  const auto height = parse_number<int>(text.substr(x + 1));
  if (!width || !height || std::min(*width, *height) < kLeast || std::max(*width, *height) > kMost)
    return std::nullopt;
  return Size{*width, *height};
}

std::vector<FormatInfo> list_formats(const V4l2Node& node, std::uint32_t bus_code) {
  std::vector<FormatInfo> formats;
  v4l2_fmtdesc each{};
  each.type = node.type();
  each.mbus_code = bus_code;
  for (; each.index < 256 && node.ask(VIDIOC_ENUM_FMT, &each); ++each.index) {
    FormatInfo info;
    info.fourcc = each.pixelformat;
    info.description = name_in(each.description);
    info.usable = is_usable(each.pixelformat);
    info.bus_code = bus_code;
    info.sizes = list_sizes(node, each.pixelformat);
    formats.push_back(std::move(info));
  }
  return formats;
}

}  // namespace kvm
