#include "capture/pacing.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

using enum SourceState;

constexpr std::int64_t kSecond = 1'000'000, kStart = 100 * kSecond;

TEST(Pacing, AStillScreenIsRepeatedOnceASecond) {
  Pacing pacing(std::nullopt);
  EXPECT_TRUE(pacing.repeat_due(kStart, kLive));  // the first frame
  pacing.wrote(kStart, kLive);
  EXPECT_FALSE(pacing.repeat_due(kStart + kSecond - 1, kLive));
  EXPECT_TRUE(pacing.repeat_due(kStart + kSecond, kLive));
}

TEST(Pacing, WithARateTheRepeatMayComeALittleEarly) {
  Pacing pacing(1.0);
  pacing.wrote(kStart, kLive);
  EXPECT_FALSE(pacing.repeat_due(kStart + 949'999, kLive));
  EXPECT_TRUE(pacing.repeat_due(kStart + 950'000, kLive));
}

TEST(Pacing, AfterANoticeTheScreenIsDueAtOnce) {
  Pacing pacing(std::nullopt);
  pacing.wrote(kStart, kNoSignal);
  EXPECT_TRUE(pacing.repeat_due(kStart + 1, kLive));
}

TEST(Pacing, ANoticeOfANewStateIsDueAtOnceAndThenOnceASecond) {
  Pacing pacing(std::nullopt);
  EXPECT_EQ(pacing.notice_due_us(kNoDevice), 0);  // nothing was written yet
  pacing.wrote(kStart, kLive);
  EXPECT_EQ(pacing.notice_due_us(kNoSignal), 0);
  pacing.wrote(kStart + 5, kNoSignal);
  EXPECT_EQ(pacing.notice_due_us(kNoSignal), kStart + 5 + kSecond);
  EXPECT_EQ(pacing.notice_due_us(kNoDevice), 0);
}

TEST(Pacing, ATimeLapseWritesNoNoticeOutOfTurn) {
  Pacing pacing(1.0 / 60);
  pacing.wrote(kStart, kLive);
  EXPECT_NEAR(static_cast<double>(pacing.notice_due_us(kNoSignal)), kStart + 60.0 * kSecond, 1);
}

TEST(Pacing, ATurnComesBackWhenItsPictureWasDamaged) {
  Pacing pacing(1.0);
  EXPECT_TRUE(pacing.has_turn(kStart, 30));
  EXPECT_FALSE(pacing.has_turn(kStart + 33'333, 30));
  pacing.return_turn();
  EXPECT_TRUE(pacing.has_turn(kStart + 66'666, 30));
  Pacing every(std::nullopt);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(every.has_turn(kStart + i, 30));
}

}  // namespace
}  // namespace kvm
