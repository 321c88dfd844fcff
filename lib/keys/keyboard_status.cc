#include "keys/keyboard_status.h"

#include <algorithm>
#include <iterator>

namespace kvm {

namespace {

constexpr const char* kHostStates[] = {"ready", "no-host", "asleep", "no-device"};
constexpr std::uint64_t kMostActions = 1'000'000'000'000'000;

}  // namespace

const char* name_of(HostState state) noexcept {
  return kHostStates[static_cast<int>(state)];
}

std::optional<HostState> host_state_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kHostStates, name);
  if (found == std::end(kHostStates)) return std::nullopt;
  return static_cast<HostState>(found - std::begin(kHostStates));
}

std::string to_json_line(const KeyboardStatus& status, std::int64_t time_us) {
  return Json::object({{"t", time_us},
                       {"keyboard", name_of(status.host)},
                       {"leds", Json::array_of(names_of(status.leds))},
                       {"done", status.done},
                       {"failed", status.failed},
                       {"layout", status.layout}})
             .text() +
         "\n";
}

std::optional<KeyboardStatus> read_keyboard_status(std::string_view line) {
  const auto read = JsonObject::parse(line);
  const auto host = read ? host_state_named(read->text("keyboard").value_or("")) : std::nullopt;
  if (!host) return std::nullopt;
  return KeyboardStatus{*host, leds_named(read->texts("leds")),
                        std::min(read->number("done").value_or(0), kMostActions),
                        std::min(read->number("failed").value_or(0), kMostActions),
                        read->text("layout").value_or("")};
}

Json to_json(const KeyboardStatus& status) {
  return Json::object({{"state", name_of(status.host)},
                       {"leds", Json::array_of(names_of(status.leds))},
                       {"done", status.done},
                       {"failed", status.failed},
                       {"layout", status.layout}});
}

}  // namespace kvm
