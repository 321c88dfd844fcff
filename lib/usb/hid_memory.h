// What one kvm-type leaves for the next, of whichever user: files in /run/kvm, which belong to the
// group of the device nodes. Where they cannot be written there is no memory.
#pragma once

#include <cstdint>
#include <optional>

#include "usb/hid_report.h"

namespace kvm {

// The keyboard's lights as last told by the host, which says them once: its output report, in
// /run/kvm/leds. False: it could not be kept.
bool remember_leds(std::uint8_t report) noexcept;
std::optional<std::uint8_t> remembered_leds() noexcept;
// Of a host that went. False: they are still there.
bool forget_leds() noexcept;

// The last report of a mouse that has buttons down, in /run/kvm/pointer or mouse: what a kvm-type
// that is killed leaves behind.
void remember_buttons(const Report& report) noexcept;
void forget_buttons(HidDevice mouse) noexcept;
// The report that releases them, where the pointer was.
std::optional<Report> releasing_buttons(HidDevice mouse) noexcept;

}  // namespace kvm
