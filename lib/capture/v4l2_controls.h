// The controls of a capture device: brightness, contrast and the like.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "capture/v4l2_node.h"

namespace kvm {

struct ControlInfo {
  std::uint32_t id = 0;
  std::string name;  // "white_balance_automatic", as set_control() takes it
  std::string type;  // "int", "bool", "menu", "button", "text", "other"
  std::int64_t least = 0, most = 0, step = 0, standard = 0, value = 0;
  std::vector<std::pair<std::int64_t, std::string>> menu;  // value, name
  bool read_only = false;
};

std::vector<ControlInfo> list_controls(const V4l2Node& node);

// Sets a control. `value` is a number; for a menu also the name of an item, for a bool also "on" or
// "off". Throws Error (64) if the device has no such control or value.
void set_control(const V4l2Node& node, const std::string& name, const std::string& value);

}  // namespace kvm
