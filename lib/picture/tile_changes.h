// Tells whether the pixels of a tile changed: by their hash, or by their values where noise is
// allowed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "picture/convert.h"

namespace kvm {

constexpr int kMostColumns = 6;  // the most that tiles_across() returns

// Hashes each tile of a row: XXH3 of its bytes in memory and its size. `row` is a row of tiles that
// are `tile_width` pixels wide (the last may be narrower), and lies in the image. Equal pixels have
// equal hashes wherever they are; different pixels have equal hashes with a probability of 2^-64.
void hash_tiles(const Image& image, const Rect& row, int tile_width,
                std::array<std::uint64_t, kMostColumns>& hashes) noexcept;

// Returns one XXH3 hash of all pixels of a row of tiles. It is faster than hash_tiles(), because it
// hashes one long piece of memory instead of many short ones.
std::uint64_t hash_row(const Image& image, const Rect& row) noexcept;

// A copy of the pixels as they were last encoded, tile by tile. Different threads may use different
// tiles at once.
class TileReference {
 public:
  TileReference() = default;
  // Makes room for pictures of this format and size.
  explicit TileReference(const Image& like);
  explicit operator bool() const noexcept { return !pixels_.empty(); }

  void keep(const Image& image, const Rect& rect) noexcept;
  // True if no sample in `rect` differs from its kept value by more than `noise`, 0 to 255.
  bool is_within(int noise, const Image& image, const Rect& rect) const noexcept;

 private:
  std::vector<std::uint8_t> pixels_;
  Image kept_;
};

}  // namespace kvm
