#include "base/poller.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"

namespace kvm {
namespace {

using std::chrono::milliseconds;

TEST(Poller, EndsInTimeThoughAWatchedDescriptorIsAlwaysReady) {
  StopSignals stop;
  Poller poller(stop);
  Pipe pipe = make_pipe();
  const Fd reader = std::move(pipe.read);
  pipe.write.reset();  // the reader stays ready (POLLHUP) until it is closed
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

TEST(Poller, TellsWhichOfSeveralDescriptorsIsReady) {
  StopSignals stop;
  Poller poller(stop);
  const Pipe quiet = make_pipe(), loud = make_pipe();
  write_all(loud.write.get(), "x", "pipe");
  pollfd wanted[] = {{quiet.read.get(), POLLIN, 0}, {-1, POLLIN, 0}, {loud.read.get(), POLLIN, 0}};
  EXPECT_TRUE(poller.wait(wanted, std::nullopt));
  EXPECT_EQ(wanted[0].revents, 0);
  EXPECT_EQ(wanted[1].revents, 0);
  EXPECT_EQ(wanted[2].revents, POLLIN);
  EXPECT_FALSE(poller.wait(std::span(wanted, 2), std::chrono::microseconds(100)));
}

TEST(Poller, HearsAHangUpOfADescriptorThatIsWatchedForNothing) {
  StopSignals stop;
  Poller poller(stop);
  Pipe pipe = make_pipe();
  pollfd wanted{pipe.write.get(), 0, 0};
  EXPECT_FALSE(poller.wait({&wanted, 1}, milliseconds(1)));
  pipe.read.reset();
  EXPECT_TRUE(poller.wait({&wanted, 1}, std::nullopt));
  EXPECT_EQ(wanted.revents, POLLERR);
}

TEST(Poller, TimeoutsAreMicroseconds) {
  StopSignals stop;
  Poller poller(stop);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(poller.wait(-1, 0, std::chrono::microseconds(300)));
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(30));
}

TEST(Poller, AStopSignalEndsTheWaitAndThenWaitsGoOn) {
  StopSignals stop({SIGTERM});
  Poller poller(stop);
  ::raise(SIGTERM);
  EXPECT_THROW(poller.wait(-1, 0, std::nullopt), Stopped);
  EXPECT_FALSE(poller.wait(-1, 0, milliseconds(1)));
}

}  // namespace
}  // namespace kvm
