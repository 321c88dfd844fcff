// EDID: what a screen says of itself to the computer that sends it pictures.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"

namespace kvm {

inline constexpr std::size_t kEdidBlock = 128;

// Of an HDMI screen named "KVM" of 1080p at `hz`, 60 or 50, and 720p60. Source: VESA E-EDID 1.4,
// CTA-861-G.
std::array<std::uint8_t, 2 * kEdidBlock> default_edid(int hz = 60) noexcept;

// A file's content, binary or as hexadecimal digits, checked: header, number of blocks, checksums.
// Throws Error (65) that says what is wrong with `name`.
std::vector<std::uint8_t> parse_edid(Bytes file, std::string_view name);

// The monitor name of its descriptors; empty without one. `edid` is checked.
std::string edid_name(Bytes edid);

}  // namespace kvm
