#include "base/usual_interval.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(UsualInterval, EventsStopAfterThreeIntervalsButNotBeforeTheLeastTime) {
  UsualInterval events(kSecond);
  EXPECT_EQ(events.stopped_after_us(), kSecond);
  for (int i = 1; i < 20; ++i) events.came(i * kSecond / 30);
  EXPECT_EQ(events.stopped_after_us(), kSecond);
  UsualInterval slow(kSecond);
  for (int i = 1; i < 20; ++i) slow.came(i * 5 * kSecond);
  EXPECT_NEAR(static_cast<double>(slow.stopped_after_us()), 15e6, 1e6);
}

TEST(UsualInterval, ALongStopIsNoUsualInterval) {
  UsualInterval events(kSecond);
  std::int64_t now = kSecond;
  for (int i = 0; i < 20; ++i) events.came(now += kSecond / 30);
  events.came(now += 3600 * kSecond);
  EXPECT_LT(events.stopped_after_us(), 2 * kSecond);
  for (int i = 0; i < 20; ++i) events.came(now += kSecond / 30);
  EXPECT_EQ(events.stopped_after_us(), kSecond);
}

TEST(UsualInterval, APauseIsNoInterval) {
  UsualInterval events(kSecond);
  events.came(kSecond);
  events.pause();
  events.came(100 * kSecond);
  EXPECT_EQ(events.stopped_after_us(), kSecond);
}

}  // namespace
}  // namespace kvm
