// Whether a tile's pixels are the same as before: by their hash, or nearly so by their values.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "picture/convert.h"

namespace kvm {

constexpr int kMostColumns = 6;  // of tiles: tiles_across()

// XXH3 of the bytes in memory of each tile, and of its size: `row` is a row of tiles `tile_width`
// pixels wide, of which the last may be narrower, and lies in the image. Equal pixels have equal
// hashes wherever they are; that others do is as likely as 2^-64.
void hash_tiles(const Image& image, const Rect& row, int tile_width,
                std::array<std::uint64_t, kMostColumns>& hashes) noexcept;

// XXH3 of all pixels of such a row, and quicker: of one long piece instead of many short ones.
std::uint64_t hash_row(const Image& image, const Rect& row) noexcept;

// A copy of the pixels as they were last encoded, tile by tile. Tiles may be used from different
// threads.
class TileReference {
 public:
  TileReference() = default;
  // For pictures like this one.
  explicit TileReference(const Image& like);
  explicit operator bool() const noexcept { return !pixels_.empty(); }

  void keep(const Image& image, const Rect& rect) noexcept;
  // No sample differs by more than `noise` (of 255) from what was kept.
  bool is_within(int noise, const Image& image, const Rect& rect) const noexcept;

 private:
  std::vector<std::uint8_t> pixels_;
  Image kept_;
};

}  // namespace kvm
