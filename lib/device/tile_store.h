// Encoded tiles, found by what their pixels are: those on the screen, and a bounded number of
// others that may come back.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "base/io.h"

namespace kvm {

// Threads may ask has() at once while none does anything else.
class TileStore {
 public:
  struct Tile {
    std::uint64_t hash = 0;
    std::vector<std::uint8_t> bytes;  // entropy-coded, no markers
    int users = 0;
    std::list<Tile*>::iterator idle{};  // its place there while there are none
  };

  // Tiles that nobody uses are dropped, the oldest first, once they have more bytes than this.
  explicit TileStore(std::size_t idle_bytes) : idle_limit_(idle_bytes) {}

  bool has(std::uint64_t hash) const { return tiles_.contains(hash); }
  // Both count one more user of the tile, which then stays as it is; release() takes one off.
  // find() is null where there is no such tile; insert() gives the one that is there.
  Tile* find(std::uint64_t hash);
  Tile* insert(std::uint64_t hash, Bytes bytes);
  // Null is nobody's.
  void release(Tile* tile);

 private:
  Tile* use(Tile& tile);

  const std::size_t idle_limit_;
  std::size_t idle_bytes_ = 0;
  std::unordered_map<std::uint64_t, Tile> tiles_;
  std::list<Tile*> idle_;  // the longest unused first
};

}  // namespace kvm
