#include "capture/health.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

using enum SourceState;

constexpr std::int64_t kSecond = 1'000'000;

// A source and its Health, with a clock that the test sets.
struct Scene {
  explicit Scene(HealthOptions options = {}) : health("cam", options, 0) {}

  Verdict at(std::int64_t ms, SourceState state = kLive, const std::string& reason = "") {
    return health.observe({ms * 1000, state, reason, hz});
  }
  void good(std::int64_t ms) {
    health.picture_came(ms * 1000);
    health.picture_good(ms * 1000);
  }
  void damaged(std::int64_t ms, JpegFault fault = JpegFault::kTruncated) {
    health.picture_came(ms * 1000);
    health.picture_damaged(fault);
  }

  Health health;
  double hz = 30;
};

std::string gives_up(const Verdict& verdict, Exit exit) {
  if (!verdict.give_up) return "";
  EXPECT_EQ(verdict.give_up->exit(), exit);
  return verdict.give_up->what();
}

TEST(Health, ALiveSourceIsNothingToTalkAbout) {
  Scene scene;
  for (int ms = 0; ms < 10'000; ms += 33) {
    scene.good(ms);
    const Verdict verdict = scene.at(ms);
    EXPECT_EQ(verdict.say, "");
    EXPECT_FALSE(verdict.trouble);
    EXPECT_FALSE(verdict.give_up);
  }
  EXPECT_EQ(scene.health.deadline_us(), INT64_MAX);
}

TEST(Health, SignalLostAndBackIsSaidOnceEach) {
  Scene scene;
  scene.good(0);
  Verdict verdict = scene.at(100, kNoSignal, "no cable");
  EXPECT_EQ(verdict.say, "cam: no-signal: no cable");
  ASSERT_TRUE(verdict.trouble);
  EXPECT_EQ(verdict.trouble->state, kNoSignal);
  EXPECT_EQ(verdict.trouble->reason, "no cable");
  EXPECT_EQ(scene.health.state(), kNoSignal);
  verdict = scene.at(200, kNoSignal, "unsteady");  // the same state: nothing more to say
  EXPECT_EQ(verdict.say, "");
  EXPECT_EQ(verdict.trouble->reason, "unsteady");
  verdict = scene.at(300);
  EXPECT_EQ(verdict.say, "cam: live");
  EXPECT_FALSE(verdict.trouble);
  EXPECT_EQ(scene.at(400).say, "");
  EXPECT_EQ(scene.at(500, kNoSignal, "no cable").say, "cam: no-signal: no cable");
}

TEST(Health, AMissingDeviceIsSaidAgainWhenItsReasonChanges) {
  Scene scene;
  scene.good(0);
  EXPECT_EQ(scene.at(100, kNoDevice, "unplugged").say, "cam: no-device: unplugged");
  EXPECT_EQ(scene.at(350, kNoDevice, "unplugged").say, "");
  EXPECT_EQ(scene.at(600, kNoDevice, "busy").say, "cam: no-device: busy");
  EXPECT_EQ(scene.at(850, kNoDevice, "busy").say, "");
}

TEST(Health, OnlyDamagedPicturesAreAStallAndOneGoodPictureEndsIt) {
  Scene scene;
  scene.good(0);
  // The stall is timed from 33 ms: until a picture is checked, it counts as good.
  for (int ms = 33; ms < 733; ms += 33) {
    scene.damaged(ms);
    EXPECT_FALSE(scene.at(ms).trouble) << ms;
  }
  scene.damaged(733);
  const Verdict verdict = scene.at(733);
  EXPECT_EQ(verdict.say, "cam: stalled: the pictures that come are damaged: truncated");
  EXPECT_EQ(scene.health.state(), kStalled);
  scene.damaged(740);
  EXPECT_EQ(scene.at(740).say, "");
  scene.good(750);
  EXPECT_EQ(scene.at(750).say, "cam: live");
}

TEST(Health, ADamagedPictureNowAndThenIsNoTrouble) {
  Scene scene;
  for (int ms = 0; ms < 10'000; ms += 400) {
    scene.good(ms);
    scene.damaged(ms + 200, JpegFault::kCorrupt);
    EXPECT_FALSE(scene.at(ms + 399).trouble) << ms;
  }
}

TEST(Health, ASlowDeviceHasTheTimeOfThreePictures) {
  Scene scene;
  scene.hz = 1;
  scene.good(0);
  scene.damaged(1000);
  EXPECT_FALSE(scene.at(3900).trouble);
  EXPECT_TRUE(scene.at(4000).trouble);
}

TEST(Health, ExitOnLossEndsAtTheFirstLoss) {
  Scene scene({.exit_on_loss = true});
  scene.good(0);
  EXPECT_FALSE(scene.at(0).give_up);
  const Verdict verdict = scene.at(10, kNoSignal, "no cable");
  EXPECT_EQ(gives_up(verdict, Exit::kBusy), "cam: no-signal: no cable");
  EXPECT_EQ(verdict.say, "");  // the error says it
  EXPECT_EQ(gives_up(scene.at(10, kNoDevice, "unplugged"), Exit::kNoInput),
            "cam: no-device: unplugged");
}

TEST(Health, ExitOnLossLetsADeviceStart) {
  Scene scene({.exit_on_loss = true});
  const Verdict verdict = scene.at(4900, kNoSignal, "no cable");
  EXPECT_FALSE(verdict.give_up);
  EXPECT_EQ(verdict.say, "cam: no-signal: no cable");
  EXPECT_TRUE(verdict.trouble);
  EXPECT_NE(gives_up(scene.at(5000, kNoSignal, "no cable"), Exit::kBusy), "");
  // A missing device is not a device that is starting.
  Scene missing({.exit_on_loss = true});
  EXPECT_NE(gives_up(missing.at(0, kNoDevice, "unplugged"), Exit::kNoInput), "");
}

TEST(Health, TheTimeoutCountsFromTheLastGoodPicture) {
  Scene scene({.timeout_s = 2});
  EXPECT_EQ(scene.health.deadline_us(), 2 * kSecond);
  scene.good(1000);
  EXPECT_EQ(scene.health.deadline_us(), 3 * kSecond);
  EXPECT_FALSE(scene.at(2999).give_up);
  EXPECT_EQ(gives_up(scene.at(3000), Exit::kBusy),
            "cam: no picture for 2 s: the device delivers none");
  scene.damaged(3100);
  EXPECT_EQ(scene.health.deadline_us(), 3100 * 1000 + 2 * kSecond);
  scene.damaged(3200);
  EXPECT_EQ(scene.health.deadline_us(), 3100 * 1000 + 2 * kSecond);
}

TEST(Health, TheTimeoutSaysWhatIsWrong) {
  Scene scene({.timeout_s = 1});
  const Verdict verdict = scene.at(1500, kNoDevice, "unplugged");
  EXPECT_EQ(verdict.say, "cam: no-device: unplugged");
  EXPECT_EQ(gives_up(verdict, Exit::kNoInput), "cam: no picture for 1.5 s: unplugged");
  EXPECT_EQ(gives_up(scene.at(1500, kNoSignal, "no cable"), Exit::kBusy),
            "cam: no picture for 1.5 s: no cable");
}

}  // namespace
}  // namespace kvm
