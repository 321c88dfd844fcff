// An 8x16 bitmap font of printable ASCII.
#pragma once

#include <array>
#include <cstdint>

namespace kvm {

constexpr int kGlyphWidth = 8, kGlyphHeight = 16;

// One byte per row, from the top. The highest bit is the leftmost pixel.
using Glyph = std::array<std::uint8_t, kGlyphHeight>;

// Returns a blank if `character` is not printable ASCII.
const Glyph& glyph(char character) noexcept;

}  // namespace kvm
