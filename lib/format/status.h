// The status lines of kvm-type: what the target's USB host took (kvm(7), STATUS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "format/hid_report.h"

namespace kvm {

struct KeyboardStatus {
  const char* keyboard = "no-device";  // "ready", "no-host", "asleep", "no-device"
  std::optional<Leds> leds;            // not told yet: as none
  std::uint64_t done = 0, failed = 0;  // actions, from the start; each is one or the other at last
  std::string layout;                  // the one that text is typed through
};

// One JSON object and '\n'; `time_us` is unix time.
std::string to_json_line(const KeyboardStatus& status, std::int64_t time_us);

}  // namespace kvm
