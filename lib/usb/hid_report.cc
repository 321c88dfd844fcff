#include "usb/hid_report.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "usb/hid_descriptors.h"

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
    case HidDevice::kControls:
      return "controls";
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

KeyboardState KeyboardState::with_keys_of(const KeyboardState& other) const noexcept {
  KeyboardState state = *this;
  state.keys_ = other.keys_;
  return state;
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

std::span<std::uint16_t> ControlsState::usages(ControlPage page) noexcept {
  return page == ControlPage::kSystem ? std::span(&system_, 1) : std::span(consumer_);
}

bool ControlsState::press(const ControlUsage& control) noexcept {
  if (is_down(control)) return true;
  const auto slots = usages(control.page);
  const auto slot = std::ranges::find(slots, 0);
  if (slot == slots.end()) return false;
  *slot = control.usage;
  return true;
}

void ControlsState::release(const ControlUsage& control) noexcept {
  std::ranges::replace(usages(control.page), control.usage, std::uint16_t{0});
}

bool ControlsState::is_down(const ControlUsage& control) const noexcept {
  if (control.page == ControlPage::kSystem) return system_ == control.usage;
  return std::ranges::find(consumer_, control.usage) != consumer_.end();
}

Report ControlsState::report(ControlPage page) const noexcept {
  // The system page's usages are below 0x100 and take one byte.
  if (page == ControlPage::kSystem)
    return {HidDevice::kControls, 2, {kSystemReportId, static_cast<std::uint8_t>(system_)}};
  Report report{HidDevice::kControls, 7, {kConsumerReportId}};
  for (std::size_t i = 0; i < consumer_.size(); ++i) {
    report.data[1 + 2 * i] = static_cast<std::uint8_t>(consumer_[i]);
    report.data[2 + 2 * i] = static_cast<std::uint8_t>(consumer_[i] >> 8);
  }
  return report;
}

Report nothing_down(HidDevice device) noexcept {
  switch (device) {
    case HidDevice::kKeyboard:
      return KeyboardState().report();
    case HidDevice::kPointer:
      return PointerState().report();
    case HidDevice::kMouse:
      return MouseState().report();
    case HidDevice::kControls:
      break;
  }
  return ControlsState().report(ControlPage::kConsumer);
}

bool is_down(const Report& report) noexcept {
  const auto bytes = report.bytes();
  switch (report.device) {
    case HidDevice::kKeyboard:
      return std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte != 0; });
    case HidDevice::kControls:
      return std::ranges::any_of(bytes.subspan(1), [](std::uint8_t byte) { return byte != 0; });
    case HidDevice::kPointer:
    case HidDevice::kMouse:
      break;
  }
  return bytes[0] != 0;
}

}  // namespace kvm
