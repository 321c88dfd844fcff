// GET /state and what viewers are told: uStreamer's layout, with ours beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hub/control.h"
#include "hub/newest_frame.h"
#include "keys/keyboard_status.h"

namespace kvm {

struct StateParts {
  NewestFrame& newest;
  const Input& input;
  std::string title;
  bool shared_control = false;
  std::size_t streams = 0, consoles = 0;
  std::optional<KeyboardStatus> keyboard;
  Json clients = Json::object({});  // of /stream
};

// The members of the `result` object.
std::vector<Json::Member> state_members(const StateParts& parts);

}  // namespace kvm
