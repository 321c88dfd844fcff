// Notes that one kvm-type leaves for the next, whichever user runs it: files in /run/kvm/hid, a
// directory that the group of the device nodes may write to and that holds nothing else. If the
// directory is not writable, or belongs neither to root nor to this user, nothing is noted.
#pragma once

#include <cstdint>
#include <optional>

#include "usb/hid_report.h"

namespace kvm {

// The last output report of the host, in /run/kvm/hid/leds: the keyboard's lights, which the host
// sends once and does not repeat. False: it could not be written.
bool remember_leds(std::uint8_t report) noexcept;
std::optional<std::uint8_t> remembered_leds() noexcept;
// For when the host has gone. False: the file could not be removed.
bool forget_leds() noexcept;

// Notes the last report of a mouse or of the controls while something is down on it, in
// /run/kvm/hid/NAME. If this kvm-type is killed, it stays down until another kvm-type releases it.
void remember_down(const Report& report) noexcept;
void forget_down(HidDevice device) noexcept;
// The report that releases what is remembered, without moving the pointer; nullopt: nothing is
// remembered.
std::optional<Report> releasing_remembered(HidDevice device) noexcept;

}  // namespace kvm
