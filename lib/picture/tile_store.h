// Encoded tiles, found by what their pixels are: those on the screen, and a bounded number of
// others that may come back.
#pragma once

#include <cstdint>
#include <deque>
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
    Tile *older = nullptr, *newer = nullptr;  // among those without users
  };

  // What a tile takes besides its bytes.
  static constexpr std::size_t kOverhead = sizeof(Tile);

  // Tiles that nobody uses are dropped, the oldest first, once they take more bytes than this.
  explicit TileStore(std::size_t idle_bytes);
  TileStore(const TileStore&) = delete;
  TileStore& operator=(const TileStore&) = delete;

  bool has(std::uint64_t hash) const { return table_[slot_of(hash)].tile != nullptr; }
  // Both count one more user of the tile, which then stays as it is; release() takes one off.
  // find() is null where there is no such tile; insert() gives the one that is there.
  Tile* find(std::uint64_t hash);
  Tile* insert(std::uint64_t hash, Bytes bytes);
  // Null is nobody's.
  void release(Tile* tile);

 private:
  // Open addressing with linear probing: where everything changes, each tile of each picture is
  // looked for, put in and taken out, and every step to another place in memory is a cache miss.
  struct Slot {
    std::uint64_t hash = 0;
    Tile* tile = nullptr;  // none: free
  };

  std::size_t slot_of(std::uint64_t hash) const;
  Tile* use(Tile& tile);
  void leave_idle(Tile& tile);
  Tile& fresh_tile();
  void grow();
  void drop(Tile& tile);

  const std::size_t idle_limit_;
  std::size_t idle_bytes_ = 0, count_ = 0;
  std::vector<Slot> table_;    // a power of two of them, at least half of them free
  std::deque<Tile> tiles_;     // all that ever were
  std::vector<Tile*> unused_;  // of those: to be filled anew
  Tile idle_;  // both ends of the ring of tiles without users: its newer is the oldest
};

}  // namespace kvm
