// GET /state and what viewers are told: uStreamer's layout, with ours beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "service/hub.h"
#include "service/input.h"

namespace kvm {

struct StateParts {
  Hub& hub;
  const Input& input;
  std::string title;
  bool shared_control = false;
  std::size_t streams = 0, consoles = 0;
  std::string keyboard = "null";  // JSON
  std::string clients = "{}";     // of /stream, JSON
};

// The members of the `result` object, without its braces.
std::string state_members(const StateParts& parts);

}  // namespace kvm
