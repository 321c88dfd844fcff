// The keys a USB keyboard has: Linux name, Linux code and HID usage of each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kvm {

struct Key {
  std::uint16_t code;  // linux/input-event-codes.h
  std::uint8_t usage;  // HID Usage Tables 1.4, page 0x07
  const char* name;    // the KEY_ name in lower case, as dotool(1) spells it
};

// All of them, ordered by usage: what --list-keys prints.
std::span<const Key> all_keys() noexcept;

// By Linux name, or by what people say ("del", "ctrl", "win"), in any case; nullptr: no such key.
const Key* find_key(std::string_view name) noexcept;
const Key* find_key_code(std::uint16_t code) noexcept;
const Key* find_key_usage(std::uint8_t usage) noexcept;

// Usages 0xE0–0xE7 are bits of the first byte of a keyboard report, not among its six keys.
constexpr bool is_modifier_usage(std::uint8_t usage) noexcept {
  return usage >= 0xe0 && usage <= 0xe7;
}
// Where a host comes to it among what goes down with one report: the modifiers by their bits, all
// others after them.
constexpr int kKeysOrder = 8;
constexpr int report_order(std::uint8_t usage) noexcept {
  return is_modifier_usage(usage) ? usage & 7 : kKeysOrder;
}

}  // namespace kvm
