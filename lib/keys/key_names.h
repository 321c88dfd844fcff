// The keys of a USB keyboard, and the media and system keys beside them: Linux name, Linux code and
// HID usage of each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kvm {

// The page of a key's usage in the gadget's controls (usb/hid_descriptors.h).
enum class ControlPage : std::uint8_t {
  kNone,      // the key is on the keyboard only
  kSystem,    // Generic Desktop, 0x01: power, sleep, wakeup
  kConsumer,  // Consumer, 0x0c: volume, playing, browsing
};

struct ControlUsage {
  ControlPage page = ControlPage::kNone;
  std::uint16_t usage = 0;  // HID Usage Tables 1.4, on that page
  bool operator==(const ControlUsage&) const = default;
};

// A key has a usage on the keyboard, or one in the controls, or both. Windows and macOS know most
// keys that have both only in the controls.
struct Key {
  std::uint16_t code;  // linux/input-event-codes.h
  std::uint8_t usage;  // HID Usage Tables 1.4, page 0x07; 0: a keyboard has no such key
  const char* name;    // the KEY_ name in lower case, as dotool(1) spells it
  ControlUsage control{};
};

// All keys of a keyboard, ordered by usage.
std::span<const Key> all_keys() noexcept;
// The keys that only the controls have.
std::span<const Key> keys_in_controls_only() noexcept;

// Finds a key by its Linux name or by a common name ("del", "ctrl", "win"), in any case; nullptr:
// there is no such key.
const Key* find_key(std::string_view name) noexcept;
const Key* find_key_code(std::uint16_t code) noexcept;
// A key of the keyboard, by its usage on page 0x07.
const Key* find_key_usage(std::uint8_t usage) noexcept;

// Usages 0xE0–0xE7 are bits in the first byte of a keyboard report and take none of its six key
// slots.
constexpr bool is_modifier_usage(std::uint8_t usage) noexcept {
  return usage >= 0xe0 && usage <= 0xe7;
}
// When several keys go down with one report, the host sees them in this order: the modifiers by
// their bits, then all other keys.
constexpr int kKeysOrder = 8;
constexpr int report_order(std::uint8_t usage) noexcept {
  return is_modifier_usage(usage) ? usage & 7 : kKeysOrder;
}

}  // namespace kvm
