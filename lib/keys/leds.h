// The lights of a keyboard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvm {

struct Leds {
  bool num = false, caps = false, scroll = false;
  bool operator==(const Leds&) const = default;
};

// Reads the output report of a boot keyboard (HID Usage Tables 1.4, page 0x08).
Leds leds_from_report(std::uint8_t report) noexcept;

// The names of the lights that are lit: "caps", "num", "scroll".
std::vector<std::string> names_of(const Leds& leds);
// The lights with these names are lit, all others are not. Unknown names are ignored.
Leds leds_named(const std::vector<std::string>& names);

}  // namespace kvm
