#include "device/tile_store.h"

namespace kvm {

TileStore::Tile* TileStore::use(Tile& tile) {
  if (tile.users++ == 0 && !tile.bytes.empty()) {
    idle_bytes_ -= tile.bytes.size();
    idle_.erase(tile.idle);
  }
  return &tile;
}

TileStore::Tile* TileStore::find(std::uint64_t hash) {
  const auto found = tiles_.find(hash);
  return found == tiles_.end() ? nullptr : use(found->second);
}

TileStore::Tile* TileStore::insert(std::uint64_t hash, Bytes bytes) {
  const auto [at, is_new] = tiles_.try_emplace(hash);
  Tile* tile = use(at->second);
  if (is_new) {
    tile->hash = hash;
    tile->bytes.assign(bytes.begin(), bytes.end());
  }
  return tile;
}

void TileStore::release(Tile* tile) {
  if (!tile) return;
  if (--tile->users > 0) return;
  idle_bytes_ += tile->bytes.size();
  tile->idle = idle_.insert(idle_.end(), tile);
  while (idle_bytes_ > idle_limit_) {
    const Tile* oldest = idle_.front();
    idle_.pop_front();
    idle_bytes_ -= oldest->bytes.size();
    tiles_.erase(oldest->hash);
  }
}

}  // namespace kvm
