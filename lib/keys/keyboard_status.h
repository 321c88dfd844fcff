// Writes and reads the status lines with which kvm-type reports the state of the target's keyboard
// (kvm(7), STATUS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "keys/leds.h"
#include "keys/typist.h"

namespace kvm {

// Whether a USB host takes the keyboard's reports.
enum class HostState {
  kReady,     // the host has configured the gadget and takes reports
  kNoHost,    // there is no cable, or the host is off
  kAsleep,    // the host has suspended the bus
  kNoDevice,  // there is no gadget, or it is on no controller
};
// "ready", "no-host", "asleep", "no-device".
const char* name_of(HostState state) noexcept;
std::optional<HostState> host_state_named(std::string_view name) noexcept;

// "none", "linux", "windows", "mac".
const char* name_of(HexInput method) noexcept;
std::optional<HexInput> hex_input_named(std::string_view name) noexcept;

struct KeyboardStatus {
  HostState host = HostState::kNoDevice;
  Leds leds;                           // all off until the host has set them
  std::uint64_t done = 0, failed = 0;  // actions that succeeded and failed since the start
  std::string layout;                  // the layout through which text is typed
  TypistOptions typing{};              // how characters are typed that the layout lacks
  // The names of the gadget's input devices: "keyboard", "pointer", "mouse", "controls". nullopt:
  // unknown, as from a kvm-type that does not tell them.
  std::optional<std::vector<std::string>> devices{};
  bool operator==(const KeyboardStatus&) const = default;
};

// One line of JSON as kvm(7) STATUS shows it, and '\n'; `time_us` is unix time. The replacements
// are left out if the line would be longer than PIPE_BUF.
std::string to_json_line(const KeyboardStatus& status, std::int64_t time_us);
// nullopt: `line` is not a status line of a keyboard. A count above 10^15 is read as 10^15, so that
// a browser reads it exactly.
std::optional<KeyboardStatus> read_keyboard_status(std::string_view line);
// The status in the form that viewers get:
// `{"state":"ready","leds":["caps"],"done":17,"failed":0,"layout":"us","devices":["keyboard"]}`.
Json to_json(const KeyboardStatus& status);

}  // namespace kvm
