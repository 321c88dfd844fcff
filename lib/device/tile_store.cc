#include "device/tile_store.h"

#include <mutex>
#include <utility>

namespace kvm {

TileStore::TileStore(std::size_t idle_bytes) : idle_limit_(idle_bytes) {
  spare_.reserve(kMostSpare);
}

TileStore::Tile* TileStore::use(Tile& tile) {
  if (tile.users++ == 0) {
    idle_bytes_ -= tile.bytes.size();
    used_.splice(used_.end(), idle_, tile.link);
  }
  return &tile;
}

TileStore::Tile* TileStore::find(std::uint64_t hash) {
  const std::scoped_lock lock(lock_);
  const auto found = tiles_.find(hash);
  return found == tiles_.end() ? nullptr : use(found->second);
}

TileStore::Tile* TileStore::insert(std::uint64_t hash, Bytes bytes) {
  const std::scoped_lock lock(lock_);
  // Another thread may have had the same tile.
  if (const auto found = tiles_.find(hash); found != tiles_.end()) return use(found->second);
  Tile* tile = take_spare(hash);
  if (!tile) {
    tile = &tiles_[hash];
    tile->link = used_.insert(used_.end(), tile);
  }
  tile->hash = hash;
  tile->bytes.assign(bytes.begin(), bytes.end());
  tile->users = 1;
  return tile;
}

TileStore::Tile* TileStore::take_spare(std::uint64_t hash) {
  if (spare_.empty()) return nullptr;
  Tiles::node_type node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = hash;
  return &tiles_.insert(std::move(node)).position->second;
}

void TileStore::release(Tile* tile) {
  if (!tile) return;
  const std::scoped_lock lock(lock_);
  if (--tile->users > 0) return;
  idle_bytes_ += tile->bytes.size();
  idle_.splice(idle_.end(), used_, tile->link);
  while (idle_bytes_ > idle_limit_) {
    Tile& oldest = *idle_.front();
    idle_bytes_ -= oldest.bytes.size();
    Tiles::node_type node = tiles_.extract(oldest.hash);
    if (spare_.size() < kMostSpare) {
      used_.splice(used_.end(), idle_, oldest.link);
      spare_.push_back(std::move(node));
    } else {
      idle_.erase(oldest.link);
    }
  }
}

}  // namespace kvm
