#include "picture/tile_store.h"

#include <utility>

namespace kvm {

namespace {

constexpr std::size_t kFirstSlots = 1024;
// Up to this number of dropped tiles keep their memory for reuse: when the whole screen changes,
// each picture drops and makes as many tiles as it has.
constexpr std::size_t kKeepMemory = 1024;

std::size_t cost_of(const TileStore::Tile& tile) {
  return tile.bytes.size() + TileStore::kOverhead;
}

}  // namespace

TileStore::TileStore(std::size_t idle_bytes) : idle_limit_(idle_bytes), table_(kFirstSlots) {
  idle_.older = idle_.newer = &idle_;
}

// The slot of the tile, or the free slot in which it would be inserted.
std::size_t TileStore::slot_of(std::uint64_t hash) const {
  std::size_t at = hash & (table_.size() - 1);
  while (table_[at].tile && table_[at].hash != hash) at = (at + 1) & (table_.size() - 1);
  return at;
}

TileStore::Tile* TileStore::use(Tile& tile) {
  if (tile.users++ == 0) leave_idle(tile);
  return &tile;
}

void TileStore::leave_idle(Tile& tile) {
  idle_bytes_ -= cost_of(tile);
  tile.older->newer = tile.newer;
  tile.newer->older = tile.older;
}

TileStore::Tile* TileStore::find(std::uint64_t hash) {
  Tile* const tile = table_[slot_of(hash)].tile;
  return tile ? use(*tile) : nullptr;
}

TileStore::Tile* TileStore::insert(std::uint64_t hash, Bytes bytes) {
  if (Tile* const there = find(hash)) return there;
  if (2 * (count_ + 1) > table_.size()) grow();
  Tile& tile = fresh_tile();
  tile.hash = hash;
  tile.bytes.assign(bytes.begin(), bytes.end());
  tile.users = 1;
  table_[slot_of(hash)] = {hash, &tile};
  ++count_;
  return &tile;
}

TileStore::Tile& TileStore::fresh_tile() {
  if (unused_.empty()) return tiles_.emplace_back();
  Tile& tile = *unused_.back();
  unused_.pop_back();
  return tile;
}

void TileStore::grow() {
  const auto before = std::exchange(table_, std::vector<Slot>(2 * table_.size()));
  for (const Slot& slot : before)
    if (slot.tile) table_[slot_of(slot.hash)] = slot;
}

void TileStore::release(Tile* tile) {
  if (!tile || --tile->users > 0) return;
  idle_bytes_ += cost_of(*tile);
  tile->older = idle_.older;
  tile->newer = &idle_;
  tile->older->newer = idle_.older = tile;
  while (idle_bytes_ > idle_limit_) drop(*idle_.newer);
}

void TileStore::drop(Tile& tile) {
  leave_idle(tile);
  // The freed slot is a hole. Tiles in the slots after it move up where their hashes allow, so that
  // a search for them does not end at the hole.
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = slot_of(tile.hash);
  for (std::size_t at = (hole + 1) & mask; table_[at].tile; at = (at + 1) & mask)
    if (((at - table_[at].hash) & mask) >= ((at - hole) & mask))
      table_[std::exchange(hole, at)] = table_[at];
  table_[hole] = {};
  --count_;
  if (unused_.size() >= kKeepMemory) std::vector<std::uint8_t>().swap(tile.bytes);
  unused_.push_back(&tile);
}

}  // namespace kvm
