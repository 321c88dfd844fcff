#include "base/signals.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace kvm {
namespace {

bool blocked(int signal) {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, nullptr, &set);
  return sigismember(&set, signal) == 1;
}

TEST(Signals, OthersArriveAgainAndAgainAndLeaveTheStopSignalsBlocked) {
  {
    StopSignals signals({SIGUSR1}, {SIGUSR2});
    EXPECT_EQ(signals.take(), std::nullopt);
    for (int i = 0; i < 2; ++i) {
      ::raise(SIGUSR2);
      EXPECT_EQ(signals.take(), SIGUSR2);
      EXPECT_EQ(signals.take(), std::nullopt);
    }
    EXPECT_TRUE(blocked(SIGUSR1));
    ::raise(SIGUSR1);
    EXPECT_EQ(signals.take(), SIGUSR1);
    EXPECT_FALSE(blocked(SIGUSR1));
    EXPECT_TRUE(blocked(SIGUSR2));
    ::raise(SIGUSR2);
    EXPECT_EQ(signals.take(), SIGUSR2) << "even after a stop signal";
  }
  EXPECT_TRUE(blocked(SIGUSR2)) << "a late signal must not kill";
}

}  // namespace
}  // namespace kvm
