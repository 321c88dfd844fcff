#include "capture/v4l2_controls.h"

#include <linux/videodev2.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

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

// Adds a control unless it is only a heading or disabled.
void add_control(const V4l2Node& node, const v4l2_query_ext_ctrl& each,
                 std::vector<ControlInfo>& controls) {
  if (each.type == V4L2_CTRL_TYPE_CTRL_CLASS || each.flags & V4L2_CTRL_FLAG_DISABLED) return;
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

// Asks for each number after `last` at which a control can be: in each class (v4l2-controls.h) the
// numbers of the standard controls and those of the drivers' own.
void list_one_by_one(const V4l2Node& node, std::uint32_t last, std::vector<ControlInfo>& controls) {
  constexpr std::uint32_t kLastClass = 0x00a50000, kClass = 0x10000, kNumbers = 0x200;
  for (std::uint32_t kind = V4L2_CTRL_CLASS_USER; kind <= kLastClass; kind += kClass)
    for (const std::uint32_t first : {kind | 0x900, kind | 0x1000})
      for (std::uint32_t id = first; id < first + kNumbers; ++id) {
        v4l2_query_ext_ctrl each{};
        each.id = id;
        if (id > last && node.ask(VIDIOC_QUERY_EXT_CTRL, &each)) add_control(node, each, controls);
      }
}

}  // namespace

std::vector<ControlInfo> list_controls(const V4l2Node& node) {
  std::vector<ControlInfo> controls;
  v4l2_query_ext_ctrl each{};
  while (controls.size() < 1024) {
    const std::uint32_t last = each.id;
    each.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
    if (node.ask(VIDIOC_QUERY_EXT_CTRL, &each)) {
      add_control(node, each, controls);
      continue;
    }
    // EINVAL is the end of the list. Any other error is that of a control which does not answer;
    // the driver does not tell its number, so the list cannot continue after it.
    if (errno != EINVAL && errno != ENOTTY) list_one_by_one(node, last, controls);
    break;
  }
  return controls;
}

void set_control(const V4l2Node& node, const std::string& name, const std::string& value) {
  const auto controls = list_controls(node);
  const auto control = std::find_if(controls.begin(), controls.end(),
                                    [&](const ControlInfo& c) { return c.name == name; });
  const std::string where = node.path() + ": control " + printable(name);
  if (control == controls.end())
    throw Error(Exit::kUsage, where + ": the device has no such control", node.hints().unsuitable);
  auto number = parse_number<std::int32_t>(value);
  for (const auto& [item, title] : control->menu)
    if (title == value || control_name(title) == value) number = static_cast<std::int32_t>(item);
  if (control->type == "bool" && (value == "on" || value == "off")) number = value == "on";
  if (!number || *number < control->least || *number > control->most)
    throw Error(Exit::kUsage, where + ": no such value: " + printable(value),
                strf("%lld to %lld", static_cast<long long>(control->least),
                     static_cast<long long>(control->most)));
  v4l2_control request{control->id, *number};
  node.must(VIDIOC_S_CTRL, &request, ("control " + name).c_str());
}

}  // namespace kvm
