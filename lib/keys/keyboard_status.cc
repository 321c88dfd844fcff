#include "keys/keyboard_status.h"

#include <limits.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "keys/replacement.h"

namespace kvm {

namespace {

constexpr const char* kHostStates[] = {"ready", "no-host", "asleep", "no-device"};
constexpr const char* kHexInputs[] = {"none", "linux", "windows", "mac"};  // by HexInput
constexpr std::uint64_t kMostActions = 1'000'000'000'000'000;

Json devices_of(const KeyboardStatus& status) {
  return status.devices ? Json::array_of(*status.devices) : Json();
}

}  // namespace

const char* name_of(HostState state) noexcept {
  return kHostStates[static_cast<int>(state)];
}

std::optional<HostState> host_state_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kHostStates, name);
  if (found == std::end(kHostStates)) return std::nullopt;
  return static_cast<HostState>(found - std::begin(kHostStates));
}

const char* name_of(HexInput method) noexcept {
  return kHexInputs[static_cast<int>(method)];
}

std::optional<HexInput> hex_input_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kHexInputs, name);
  if (found == std::end(kHexInputs)) return std::nullopt;
  return static_cast<HexInput>(found - std::begin(kHexInputs));
}

std::string to_json_line(const KeyboardStatus& status, std::int64_t time_us) {
  std::vector<std::string> replace;
  for (const auto& [character, text] : status.typing.replace)
    replace.push_back(to_text(Replacement{character, text}));
  std::vector<Json::Member> members = {{"t", time_us},
                                       {"keyboard", name_of(status.host)},
                                       {"leds", Json::array_of(names_of(status.leds))},
                                       {"done", status.done},
                                       {"failed", status.failed},
                                       {"layout", status.layout},
                                       {"unicode", name_of(status.typing.hex_input)},
                                       {"skip", status.typing.skip},
                                       {"devices", devices_of(status)},
                                       {"replace", Json::array_of(replace)}};
  std::string line = Json::object(members).text() + "\n";
  if (line.size() <= PIPE_BUF) return line;
  members.pop_back();
  return Json::object(members).text() + "\n";
}

std::optional<KeyboardStatus> read_keyboard_status(std::string_view line) {
  const auto read = JsonObject::parse(line);
  const auto host = read ? host_state_named(read->text("keyboard").value_or("")) : std::nullopt;
  if (!host) return std::nullopt;
  KeyboardStatus status{*host, leds_named(read->texts("leds")),
                        std::min(read->number("done").value_or(0), kMostActions),
                        std::min(read->number("failed").value_or(0), kMostActions),
                        read->text("layout").value_or("")};
  status.typing.hex_input =
      hex_input_named(read->text("unicode").value_or("")).value_or(HexInput::kNone);
  status.typing.skip = read->flag("skip").value_or(false);
  for (const std::string& text : read->texts("replace"))
    if (auto replacement = read_replacement(text))
      status.typing.replace[replacement->character] = std::move(replacement->text);
  if (auto devices = read->texts("devices"); !devices.empty()) status.devices = std::move(devices);
  return status;
}

Json to_json(const KeyboardStatus& status) {
  return Json::object({{"state", name_of(status.host)},
                       {"leds", Json::array_of(names_of(status.leds))},
                       {"done", status.done},
                       {"failed", status.failed},
                       {"layout", status.layout},
                       {"devices", devices_of(status)}});
}

}  // namespace kvm
