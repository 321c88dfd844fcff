// The keys and buttons that are down on the four input devices, and the reports that carry this
// state to a USB host.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/io.h"
#include "keys/key_names.h"

namespace kvm {

enum class HidDevice : std::uint8_t { kKeyboard, kPointer, kMouse, kControls };
constexpr HidDevice kHidDevices[] = {HidDevice::kKeyboard, HidDevice::kPointer, HidDevice::kMouse,
                                     HidDevice::kControls};

// "keyboard", "pointer" (absolute), "mouse" (relative), "controls" (media and system keys): the
// names in configfs and in printed reports.
const char* name_of(HidDevice device) noexcept;

// One input report of one device, laid out as lib/usb/hid_descriptors.h describes it to the host.
struct Report {
  HidDevice device;
  std::uint8_t size;                   // bytes used
  std::array<std::uint8_t, 8> data{};  // the rest is 0

  Bytes bytes() const noexcept { return {data.data(), size}; }
  bool operator==(const Report&) const = default;
};

// "keyboard 02 00 04 00 00 00 00 00": device and bytes in hex.
std::string to_text(const Report& report);

// The boot keyboard (HID 1.11, appendix B.1): eight modifiers and at most six other keys.
class KeyboardState {
 public:
  // False: six keys are down already, and nothing changed.
  bool press(std::uint8_t usage) noexcept;
  void release(std::uint8_t usage) noexcept;
  void clear() noexcept { *this = {}; }
  bool is_down(std::uint8_t usage) const noexcept;
  bool idle() const noexcept { return *this == KeyboardState{}; }
  // This state with the modifiers as they are, but with the six keys of `other`.
  KeyboardState with_keys_of(const KeyboardState& other) const noexcept;
  Report report() const noexcept;
  bool operator==(const KeyboardState&) const = default;

 private:
  std::uint8_t modifiers_ = 0;
  std::array<std::uint8_t, 6> keys_{};  // in the order pressed, 0 after the last
};

// The absolute mouse. Both mice have five buttons; bit 0 is the left one.
struct PointerState {
  std::uint8_t buttons = 0;
  double x = 0, y = 0;  // 0.0–1.0 of the screen
  // Each report turns the wheels by its notches, -127…127, up and right positive.
  Report report(int wheel = 0, int hwheel = 0) const noexcept;
};

// The relative mouse.
struct MouseState {
  std::uint8_t buttons = 0;
  // Counts and notches, each -127…127. Larger movement takes several reports.
  Report report(int dx = 0, int dy = 0, int wheel = 0, int hwheel = 0) const noexcept;
};

// The media and system keys: at most three consumer controls and one system control. Each page has
// a report of its own, which begins with its report ID.
class ControlsState {
 public:
  // False: the page's report has no room for one more usage, and nothing changed.
  bool press(const ControlUsage& control) noexcept;
  void release(const ControlUsage& control) noexcept;
  void clear() noexcept { *this = {}; }
  bool is_down(const ControlUsage& control) const noexcept;
  bool idle() const noexcept { return *this == ControlsState{}; }
  Report report(ControlPage page) const noexcept;
  bool operator==(const ControlsState&) const = default;

 private:
  std::span<std::uint16_t> usages(ControlPage page) noexcept;

  std::array<std::uint16_t, 3> consumer_{};  // 0: the slot is free
  std::uint16_t system_ = 0;
};

// The report of the device in which nothing is down; of the controls, that of the consumer page.
// The pointer has no such report: each of its reports also places it.
Report nothing_down(HidDevice device) noexcept;
// Whether a key or a button is down in the report.
bool is_down(const Report& report) noexcept;

}  // namespace kvm
