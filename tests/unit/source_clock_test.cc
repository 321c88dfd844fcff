#include "hub/source_clock.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

constexpr std::int64_t kSecond = 1'000'000, kHour = 3600 * kSecond;
constexpr std::int64_t kStart = 1'796'000'000 * kSecond;  // unix time at monotonic 0

struct SourceClocks : testing::Test {
  // A frame that was captured `took_us` ago by a clock that is `wrong_us` ahead of ours.
  std::int64_t frame(std::int64_t took_us, std::int64_t wrong_us) {
    now_us += kSecond;
    return clock.delay_us(kStart + now_us - took_us + wrong_us, kStart + now_us, now_us);
  }
  SourceClock clock;
  std::int64_t now_us = 0;
};

TEST_F(SourceClocks, AClockThatMayBeRightIsBelieved) {
  for (const std::int64_t took_us : {20'000, 300'000, 1'900'000, 5'000'000})
    EXPECT_EQ(frame(took_us, 0), took_us);
}

TEST_F(SourceClocks, AWrongClockIsMeasuredByTheQuickestFrame) {
  for (const std::int64_t wrong_us : {kHour, -kHour, -kStart, 3 * kSecond, -3 * kSecond}) {
    clock = {};
    EXPECT_EQ(frame(100'000, wrong_us), 0);
    EXPECT_EQ(frame(400'000, wrong_us), 300'000) << "later than the quickest";
    EXPECT_EQ(frame(50'000, wrong_us), 0);
    EXPECT_EQ(frame(400'000, wrong_us), 350'000);
    const std::int64_t stamp_us = kStart + now_us + wrong_us;
    EXPECT_EQ(clock.unix_time(stamp_us), kStart + now_us + 50'000);
  }
}

TEST_F(SourceClocks, AClockThatIsSetMeanwhileIsMeasuredAgain) {
  EXPECT_EQ(frame(100'000, -kHour), 0);
  EXPECT_EQ(frame(100'000, 0), 100'000) << "it was set right";
  EXPECT_EQ(frame(100'000, -kHour), 0) << "it was set back";
  EXPECT_EQ(frame(200'000, -kHour), 100'000);
  EXPECT_EQ(frame(100'000, kHour), 0);
}

TEST_F(SourceClocks, FramesThatWaitedAMomentAreOld) {
  EXPECT_EQ(frame(100'000, 0), 100'000);
  EXPECT_EQ(frame(9'000'000, 0), 9'000'000);
}

TEST_F(SourceClocks, AClockThatFallsBehindSlowlyIsFollowed) {
  std::int64_t oldest = 0;
  // One second lost in every ten.
  for (std::int64_t i = 1; i < 300; ++i)
    oldest = std::max(oldest, frame(10'000, -i * kSecond / 10));
  EXPECT_LE(oldest, 15 * kSecond);
  for (int i = 0; i < 130; ++i) frame(10'000, -30 * kSecond);
  EXPECT_EQ(frame(10'000, -30 * kSecond), 0);
}

}  // namespace
}  // namespace kvm
