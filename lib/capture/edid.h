// EDID: the description that a screen gives to the computer that sends it pictures.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"

namespace kvm {

inline constexpr std::size_t kEdidBlock = 128;

// The EDID of an HDMI screen named "KVM" with 1080p at `hz` (60 or 50) and 720p60. Source: VESA
// E-EDID 1.4, CTA-861-G.
std::array<std::uint8_t, 2 * kEdidBlock> default_edid(int hz = 60) noexcept;

// Reads an EDID from the content of a file, binary or hexadecimal digits. Zeros may follow the
// blocks that the EDID announces; they are left out. Throws Error (65) that
// names `name` if the header, the number of blocks or a checksum is wrong.
std::vector<std::uint8_t> parse_edid(Bytes file, std::string_view name);

// The monitor name among the descriptors; empty if there is no name. `edid` comes from
// parse_edid().
std::string edid_name(Bytes edid);

}  // namespace kvm
