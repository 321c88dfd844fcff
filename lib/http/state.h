// The state of the server as JSON, for GET /state and the state messages of WebSockets. The layout
// is uStreamer's, with our own members in `kvm`.
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
  const Control& control;
  std::string title;
  bool shared_control = false;
  std::size_t streams = 0, consoles = 0;   // viewers of each kind
  std::optional<KeyboardStatus> keyboard;  // nullopt: kvm-type has not reported anything
  Json clients = Json::object({});         // viewers of /stream, as `clients_stat`
};

// The members of the `result` object.
std::vector<Json::Member> state_members(const StateParts& parts);

}  // namespace kvm
