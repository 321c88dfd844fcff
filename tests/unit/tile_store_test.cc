#include "device/tile_store.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "device/crew.h"

namespace kvm {
namespace {

TEST(TileStore, KeepsWhatIsUsedAndSomeOfTheRest) {
  TileStore store(100);
  const std::vector<std::uint8_t> bytes(40, 7);
  TileStore::Tile* shown = store.insert(1, bytes);
  for (std::uint64_t hash = 2; hash <= 5; ++hash) store.release(store.insert(hash, bytes));
  EXPECT_EQ(store.find(2), nullptr);  // the oldest two of four went: 100 bytes hold two
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

TEST(Crew, RunsAJobOnEachHelperThatIsInTime) {
  Crew crew(3);
  std::atomic<int> runs = 0, left = 1000;
  const Crew::Job job = [&](int) {
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

TEST(Crew, GivesBackWhatAHelperThrew) {
  Crew crew(1);
  std::atomic<bool> began = false;
  const Crew::Job job = [&](int) {
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
