// The keys and buttons that are down on the three input devices, and the reports that carry this
// state to a USB host.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/io.h"

namespace kvm {

enum class HidDevice : std::uint8_t { kKeyboard, kPointer, kMouse };
constexpr std::size_t kHidDevices = 3;

// "keyboard", "pointer" (absolute), "mouse" (relative): the names in configfs and in printed
// reports.
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

}  // namespace kvm
