#include "type/line_state.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

using std::chrono::milliseconds;
using Move = LineState::Move;
using Stage = LineState::Stage;

const Report kKeyDown{HidDevice::kKeyboard, 8, {0, 0, 4}};
const Report kPlaced = PointerState{.buttons = 0, .x = 1, .y = 1}.report();

// Two lines, and a clock that a test sets.
struct LineStateTest : testing::Test {
  LineState keyboard{HidDevice::kKeyboard}, pointer{HidDevice::kPointer};
  LineState::Time now{milliseconds(1'000'000)};

  void pass(int ms) { now += milliseconds(ms); }
  // Meets a host that takes each probe at once.
  void meet(LineState& line) {
    while (line.next(now) == Move::kProbe) line.probe_handed_over(now);
    ASSERT_EQ(line.next(now), Move::kGreet);
    line.met();
    ASSERT_EQ(line.stage(), Stage::kMet);
  }
};

TEST_F(LineStateTest, ANewHostTakesOneProbeAndThenReports) {
  EXPECT_EQ(keyboard.next(now), Move::kProbe);
  keyboard.probe_handed_over(now);
  pass(10);
  EXPECT_EQ(keyboard.next(now), Move::kGreet);
  EXPECT_FALSE(keyboard.host_starts(now));
  keyboard.met();
  EXPECT_EQ(keyboard.next(now), Move::kDeliver);
  EXPECT_FALSE(keyboard.unsettled());
}

TEST_F(LineStateTest, AHostThatTakesItsProbeLateIsGivenTimeToStart) {
  keyboard.probe_handed_over(now);
  pass(50);
  EXPECT_FALSE(keyboard.host_starts(now));
  pass(1);
  EXPECT_TRUE(keyboard.host_starts(now));
}

TEST_F(LineStateTest, AHostThatComesBackTakesTwoProbesAndIsGivenTimeToStart) {
  meet(keyboard);
  keyboard.host_went();
  EXPECT_EQ(keyboard.stage(), Stage::kAway);
  for (int probe = 0; probe < 2; ++probe) {
    EXPECT_EQ(keyboard.next(now), Move::kProbe);
    keyboard.probe_handed_over(now);
  }
  EXPECT_EQ(keyboard.next(now), Move::kGreet);
  EXPECT_TRUE(keyboard.host_starts(now));
}

TEST_F(LineStateTest, AHostThatWasNeverMetStaysNewWhenItGoes) {
  keyboard.probe_handed_over(now);
  keyboard.host_went();
  EXPECT_EQ(keyboard.stage(), Stage::kNew);
  EXPECT_EQ(keyboard.next(now), Move::kProbe);
}

TEST_F(LineStateTest, AReportThatIsLostWithTheHostIsSentAgain) {
  meet(keyboard);
  keyboard.handed_over(kKeyDown, now);
  keyboard.host_went();
  EXPECT_FALSE(keyboard.kernel_holds());
  EXPECT_TRUE(keyboard.unsettled());
  keyboard.host_went();  // the report is not lost a second time
  meet(keyboard);
  ASSERT_EQ(keyboard.next(now), Move::kResend);
  EXPECT_EQ(*keyboard.lost_report(), kKeyDown);
  keyboard.handed_over(kKeyDown, now);
  EXPECT_EQ(keyboard.next(now), Move::kDeliver);
  keyboard.taken();
  EXPECT_FALSE(keyboard.unsettled());
}

TEST_F(LineStateTest, AReportIsNotSentAgainToAHostThatOnlySlept) {
  meet(keyboard);
  keyboard.handed_over(kKeyDown, now);
  keyboard.meet_again();
  EXPECT_TRUE(keyboard.kernel_holds());
  meet(keyboard);  // the kernel has room for a probe once the host took the report
  EXPECT_FALSE(keyboard.unsettled());
  EXPECT_EQ(keyboard.next(now), Move::kDeliver);
}

TEST_F(LineStateTest, AHostThatTakesNothingForLongIsMetAgain) {
  meet(keyboard);
  keyboard.handed_over(kKeyDown, now);
  pass(500);
  EXPECT_EQ(keyboard.next(now), Move::kDeliver);
  pass(1);
  EXPECT_EQ(keyboard.next(now), Move::kMeetAgain);
  keyboard.meet_again();
  EXPECT_EQ(keyboard.next(now), Move::kProbe);
}

TEST_F(LineStateTest, ThePointerIsNotProbed) {
  EXPECT_EQ(pointer.next(now), Move::kGreet);
  EXPECT_FALSE(pointer.host_starts(now));
  meet(pointer);
  pointer.host_went();
  EXPECT_EQ(pointer.next(now), Move::kGreet);
  EXPECT_TRUE(pointer.host_starts(now));
}

TEST_F(LineStateTest, APointerReportThatIsTakenLateIsTaken) {
  meet(pointer);
  pointer.handed_over(kPlaced, now);
  pass(600);
  EXPECT_EQ(pointer.next(now), Move::kMeetAgain);
  pointer.meet_again();
  meet(pointer);
  EXPECT_FALSE(pointer.unsettled());
  EXPECT_EQ(pointer.next(now), Move::kDeliver);
}

TEST_F(LineStateTest, ARefusalIsRememberedUntilTheKernelTakesAReport) {
  meet(keyboard);
  keyboard.handed_over(kKeyDown, now);
  keyboard.refuse();
  EXPECT_TRUE(keyboard.refused());
  EXPECT_EQ(*keyboard.lost_report(), kKeyDown);
  keyboard.host_went();
  EXPECT_TRUE(keyboard.refused());
  keyboard.probe_handed_over(now);
  EXPECT_FALSE(keyboard.refused());
}

}  // namespace
}  // namespace kvm
