// Encoded tiles, found by what their pixels are: those on the screen, and a bounded number of
// others that may come back.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "base/io.h"
#include "base/spin.h"

namespace kvm {

// May be used from several threads at once.
class TileStore {
 public:
  struct Tile {
    std::uint64_t hash = 0;
    std::vector<std::uint8_t> bytes;  // entropy-coded, no markers
    int users = 0;
    std::list<Tile*>::iterator link{};  // its place among those in use or not
  };

  // Tiles that nobody uses are dropped, the oldest first, once they have more bytes than this.
  explicit TileStore(std::size_t idle_bytes);

  // Both count one more user of the tile, which then stays as it is; release() takes one off.
  // find() is null where there is no such tile; insert() gives the one that is there.
  Tile* find(std::uint64_t hash);
  Tile* insert(std::uint64_t hash, Bytes bytes);
  // Null is nobody's.
  void release(Tile* tile);

 private:
  using Tiles = std::unordered_map<std::uint64_t, Tile>;
  // A picture in which all changes drops tiles as fast as it makes them: their memory is used
  // again, for malloc(3) has locks that threads would sleep for.
  static constexpr std::size_t kMostSpare = 16;

  Tile* use(Tile& tile);
  Tile* take_spare(std::uint64_t hash);  // null: there is none

  SpinLock lock_;
  const std::size_t idle_limit_;
  std::size_t idle_bytes_ = 0;
  Tiles tiles_;
  std::list<Tile*> used_;
  std::list<Tile*> idle_;  // the longest unused first
  std::vector<Tiles::node_type> spare_;
};

}  // namespace kvm
