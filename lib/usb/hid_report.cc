#include "usb/hid_report.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "keys/key_names.h"

namespace kvm {
namespace {

std::uint8_t modifier_bit(std::uint8_t usage) noexcept {
  return static_cast<std::uint8_t>(1u << (usage & 7));
}

std::uint8_t signed_byte(int value) noexcept {
  return static_cast<std::uint8_t>(std::clamp(value, -127, 127));
}

constexpr std::uint16_t kPointerMax = 32767;

void put_place(std::uint8_t* at, double place) noexcept {
  const auto value =
      static_cast<std::uint16_t>(std::lround(std::clamp(place, 0.0, 1.0) * kPointerMax));
  at[0] = static_cast<std::uint8_t>(value);
  at[1] = static_cast<std::uint8_t>(value >> 8);
}

}  // namespace

const char* name_of(HidDevice device) noexcept {
  switch (device) {
    case HidDevice::kKeyboard:
      return "keyboard";
    case HidDevice::kPointer:
      return "pointer";
    case HidDevice::kMouse:
      return "mouse";
  }
  return "";
}

std::string to_text(const Report& report) {
  std::string text = name_of(report.device);
  for (const std::uint8_t byte : report.bytes()) text += strf(" %02x", byte);
  return text;
}

bool KeyboardState::press(std::uint8_t usage) noexcept {
  if (is_down(usage)) return true;
  if (is_modifier_usage(usage)) {
    modifiers_ = static_cast<std::uint8_t>(modifiers_ | modifier_bit(usage));
    return true;
  }
  auto* const slot = std::ranges::find(keys_, 0);
  if (slot == keys_.end()) return false;
  *slot = usage;
  return true;
}

void KeyboardState::release(std::uint8_t usage) noexcept {
  if (is_modifier_usage(usage)) {
    modifiers_ = static_cast<std::uint8_t>(modifiers_ & ~modifier_bit(usage));
    return;
  }
  auto* const end = std::remove(keys_.begin(), keys_.end(), usage);
  std::fill(end, keys_.end(), std::uint8_t{0});
}

bool KeyboardState::is_down(std::uint8_t usage) const noexcept {
  if (is_modifier_usage(usage)) return (modifiers_ & modifier_bit(usage)) != 0;
  return std::ranges::find(keys_, usage) != keys_.end();
}

Report KeyboardState::report() const noexcept {
  Report report{HidDevice::kKeyboard, 8};
  report.data[0] = modifiers_;
  std::ranges::copy(keys_, report.data.begin() + 2);
  return report;
}

Report PointerState::report(int wheel, int hwheel) const noexcept {
  Report report{HidDevice::kPointer, 7};
  report.data[0] = buttons;
  put_place(&report.data[1], x);
  put_place(&report.data[3], y);
  report.data[5] = signed_byte(wheel);
  report.data[6] = signed_byte(hwheel);
  return report;
}

Report MouseState::report(int dx, int dy, int wheel, int hwheel) const noexcept {
  return {HidDevice::kMouse,
          5,
          {buttons, signed_byte(dx), signed_byte(dy), signed_byte(wheel), signed_byte(hwheel)}};
}

}  // namespace kvm
