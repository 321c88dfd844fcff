// The inputs of a capture device, and the television standards of analogue inputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/v4l2_node.h"

namespace kvm {

struct InputInfo {
  std::uint32_t index = 0;
  std::string name;  // "S-Video", as set_input() takes it
  bool current = false;
};

// Empty if the driver does not list its inputs.
std::vector<InputInfo> list_inputs(const V4l2Node& node);
// The names of the standards of the current input ("PAL", "NTSC-M"), as set_standard() takes them.
// Empty for a digital input.
std::vector<std::string> list_standards(const V4l2Node& node);

// Selects an input by its number or its name, in capitals or not. Throws Error (64) if the device
// does not have it.
void set_input(const V4l2Node& node, const std::string& input);
// Selects a standard of the current input by its name, in capitals or not. Throws Error (64) if the
// input does not have it.
void set_standard(const V4l2Node& node, const std::string& standard);

}  // namespace kvm
