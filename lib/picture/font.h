// An 8x16 bitmap font: printable ASCII.
#pragma once

#include <array>
#include <cstdint>

namespace kvm {

constexpr int kGlyphWidth = 8, kGlyphHeight = 16;

// A row a byte, from the top; the leftmost pixel is the highest bit.
using Glyph = std::array<std::uint8_t, kGlyphHeight>;

// A blank for what is not printable ASCII.
const Glyph& glyph(char character) noexcept;

}  // namespace kvm
