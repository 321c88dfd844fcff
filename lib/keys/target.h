// The systems on which text is typed. They differ in what the keys of a layout give.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvm {

enum class Target : std::uint8_t {
  kAuto,     // right for XKB, and for as many of the others as possible
  kLinux,    // XKB: X11, Wayland, and text consoles with keymaps that Debian makes of XKB's layouts
  kConsole,  // text consoles with the keymaps of kbd
  kWindows,
  kMac,     // macOS, which takes the keyboard for an ANSI keyboard
  kMacIso,  // macOS, which takes the keyboard for an ISO keyboard and swaps two keys
};

// "auto", "linux", "console", "windows", "mac", "mac-iso".
std::string_view to_text(Target target) noexcept;
std::optional<Target> find_target(std::string_view name) noexcept;

// A layout and where it is used, written LAYOUT[:VARIANT][@TARGET]: "fr", "us:intl@windows".
struct LayoutAt {
  std::string layout;
  Target target = Target::kAuto;
};
// Throws Error (Exit::kUsage) if there is no such target.
LayoutAt parse_layout(std::string_view text);
std::string to_text(const LayoutAt& layout);  // leaves out "@auto"

// `layout` with the target of `other` if it names no target itself.
std::string with_target_of(std::string_view layout, std::string_view other);

}  // namespace kvm
