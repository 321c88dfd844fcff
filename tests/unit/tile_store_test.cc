#include "picture/tile_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <random>

#include "base/error.h"
#include "picture/workers.h"

namespace kvm {
namespace {

TEST(TileStore, KeepsWhatIsUsedAndSomeOfTheRest) {
  const std::vector<std::uint8_t> bytes(40, 7);
  TileStore store(2 * (bytes.size() + TileStore::kOverhead) + 20);
  TileStore::Tile* shown = store.insert(1, bytes);
  for (std::uint64_t hash = 2; hash <= 5; ++hash) store.release(store.insert(hash, bytes));
  EXPECT_EQ(store.find(2), nullptr);  // the older two of four were dropped: there is room for two
  EXPECT_EQ(store.find(3), nullptr);
  EXPECT_FALSE(store.has(3));
  EXPECT_TRUE(store.has(4));
  TileStore::Tile* back = store.find(4);
  ASSERT_NE(back, nullptr);
  EXPECT_EQ(back->bytes, bytes);
  EXPECT_EQ(store.insert(1, bytes), shown);
  store.release(shown);
  EXPECT_EQ(store.find(1), shown);
}

// Compares the store with a plain list. The hashes share their low bits, and are inserted again
// after they were removed.
TEST(TileStore, FindsWhatItHoldsAndNothingElse) {
  constexpr std::size_t kRoom = 300;
  TileStore store(kRoom * (sizeof(std::uint64_t) + TileStore::kOverhead));
  std::list<std::uint64_t> idle;  // oldest first
  std::map<std::uint64_t, TileStore::Tile*> held;
  std::mt19937_64 random(1);
  const auto bytes_of = [](const std::uint64_t& hash) {
    return Bytes(reinterpret_cast<const std::uint8_t*>(&hash), sizeof hash);
  };
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t hash = (random() % 1500 << 32) + random() % 3;
    const bool known =
        held.contains(hash) || std::find(idle.begin(), idle.end(), hash) != idle.end();
    ASSERT_EQ(store.has(hash), known) << i;
    TileStore::Tile* const tile = store.insert(hash, bytes_of(hash));
    ASSERT_EQ(as_text(tile->bytes), as_text(bytes_of(hash)));
    idle.remove(hash);
    if (held.contains(hash)) {
      store.release(tile);
      store.release(tile);  // twice, because `held` had the same tile
      held.erase(hash);
      idle.push_back(hash);
    } else if (random() % 2 == 0) {
      held[hash] = tile;
    } else {
      store.release(tile);
      idle.push_back(hash);
    }
    if (idle.size() > kRoom) idle.pop_front();
  }
  for (const auto& [hash, tile] : held) EXPECT_EQ(store.find(hash), tile);
}

TEST(Workers, RunsAJobOnEachHelperThatIsInTime) {
  Workers crew(3);
  std::atomic<int> runs = 0, left = 1000;
  const Workers::Job job = [&](int) {
    while (left.fetch_sub(1) > 0) ++runs;
  };
  for (int i = 0; i < 50; ++i) {
    runs = 0;
    left = 1000;
    crew.start(job);
    while (left.fetch_sub(1) > 0) ++runs;
    crew.finish();
    crew.rethrow();
    ASSERT_EQ(runs, 1000);
  }
}

TEST(Workers, GivesBackWhatAHelperThrew) {
  Workers crew(1);
  std::atomic<bool> began = false;
  const Workers::Job job = [&](int) {
    began = true;
    throw Error(Exit::kBug, "lost");
  };
  crew.start(job);
  while (!began) std::this_thread::yield();
  crew.finish();
  EXPECT_THROW(crew.rethrow(), Error);
  crew.rethrow();
}

}  // namespace
}  // namespace kvm
