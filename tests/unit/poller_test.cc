#include "base/poller.h"

#include <gtest/gtest.h>

#include "base/io.h"

namespace kvm {
namespace {

using std::chrono::milliseconds;

TEST(Poller, EndsInTimeThoughAWatchedDescriptorIsAlwaysReady) {
  StopSignals stop;
  Poller poller(stop);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd reader(ends[0]);
  Fd(ends[1]).reset();  // hung up: ready until it is closed
  int heard = 0;
  poller.watch(reader.get(), POLLIN, [&](short events) {
    EXPECT_NE(events & POLLHUP, 0);
    ++heard;
  });
  EXPECT_FALSE(poller.wait(-1, 0, milliseconds(20)));
  EXPECT_GT(heard, 0);
  poller.unwatch(reader.get());
  heard = 0;
  poller.pause(milliseconds(1));
  EXPECT_EQ(heard, 0);
}

}  // namespace
}  // namespace kvm
