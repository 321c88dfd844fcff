// Stores encoded tiles by the hash of their pixels: the tiles on the screen and, up to a limit of
// bytes, earlier tiles that may come back.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/io.h"

namespace kvm {

// Threads may call has() at the same time, as long as no thread calls another member.
class TileStore {
 public:
  struct Tile {
    std::uint64_t hash = 0;
    std::vector<std::uint8_t> bytes;  // entropy-coded, no markers
    int users = 0;
    Tile *older = nullptr, *newer = nullptr;  // neighbours in the ring of tiles without users
  };

  // The memory that a tile takes in addition to its `bytes`.
  static constexpr std::size_t kOverhead = sizeof(Tile);

  // Tiles without users are dropped, the oldest first, when they take more than `idle_bytes`.
  explicit TileStore(std::size_t idle_bytes);
  TileStore(const TileStore&) = delete;
  TileStore& operator=(const TileStore&) = delete;

  bool has(std::uint64_t hash) const { return table_[slot_of(hash)].tile != nullptr; }
  // find() and insert() add a user to the tile, which keeps it in the store until release(). find()
  // returns null if there is no such tile. insert() returns the existing tile if there is one.
  Tile* find(std::uint64_t hash);
  Tile* insert(std::uint64_t hash, Bytes bytes);
  // Removes a user. Ignores null.
  void release(Tile* tile);

 private:
  // Open addressing with linear probing, to save cache misses: when the whole screen changes, each
  // tile of each picture is looked up, inserted and removed.
  struct Slot {
    std::uint64_t hash = 0;
    Tile* tile = nullptr;  // null: the slot is free
  };

  std::size_t slot_of(std::uint64_t hash) const;
  Tile* use(Tile& tile);
  void leave_idle(Tile& tile);
  Tile& fresh_tile();
  void grow();
  void drop(Tile& tile);

  const std::size_t idle_limit_;
  std::size_t idle_bytes_ = 0, count_ = 0;
  std::vector<Slot> table_;    // its size is a power of two; at least half of the slots are free
  std::deque<Tile> tiles_;     // owns all tiles
  std::vector<Tile*> unused_;  // dropped tiles, to be reused
  Tile idle_;  // anchor of the ring of tiles without users; its `newer` is the oldest
};

}  // namespace kvm
