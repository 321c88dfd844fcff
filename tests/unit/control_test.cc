#include "hub/control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/io.h"
#include "same_json.h"

namespace kvm {
namespace {

constexpr std::int64_t kBusyUs = 600'000;  // longer than a viewer may be silent

struct ControlTest : testing::Test {
  ControlTest() { ::fcntl(out.read.get(), F_SETFL, O_NONBLOCK); }

  Control open(ControlOptions options = {}) {
    return {loop, metrics, options, out.write.get(), [this] { ++changes; }};
  }
  // Advances the clock, as if the loop had been busy, and then turns the loop.
  void pass(std::int64_t us) {
    now_us += us;
    loop.turn(0);
    loop.turn(0);
  }
  // The lines that came out since the last call.
  std::string written() {
    std::string text;
    std::uint8_t bytes[4096];
    while (const auto n = read_some(out.read.get(), bytes, "out"))
      text += as_text(Bytes(bytes).first(*n));
    return text;
  }
  static std::string told(const Control& control, ViewerId viewer) {
    return Json::object(control.told(viewer)).text();
  }

  std::int64_t now_us = 1'000'000'000;
  Loop loop{[this] { return now_us; }};
  Metrics metrics;
  Pipe out = make_pipe();
  int changes = 0;
};

TEST_F(ControlTest, ASilentViewersKeysAreReleased) {
  Control control = open();
  EXPECT_FALSE(control.submit(1, "keydown a"));
  for (int i = 0; i < 20; ++i) {
    pass(100'000);
    control.heard(1);
  }
  EXPECT_EQ(written(), "keydown a\n");
  for (int i = 0; i < 4; ++i) pass(100'000);
  EXPECT_EQ(written(), "");
  for (int i = 0; i < 2; ++i) pass(100'000);
  EXPECT_EQ(written(), "keyup k:30\n");
  EXPECT_EQ(metrics.keys_released, 1u);
}

TEST_F(ControlTest, AnUnknownNameIsRefusedWithTheToolsHint) {
  Control control = open({.hints = {"list keys", "list layouts"}});
  EXPECT_EQ(control.submit(1, "key ctlr")->why, "key: unknown key 'ctlr' (list keys)");
  EXPECT_EQ(control.submit_all(1, "\nlayout ../x")->why,
            "line 2: layout: needs LAYOUT[:VARIANT][@TARGET] (list layouts)");
  EXPECT_EQ(control.submit(1, "sleep x")->why.find('('), std::string::npos);
}

TEST_F(ControlTest, AViewerIsNotSilentWhoseMessageWaitsForUs) {
  Control control = open();
  const Pipe viewer = make_pipe();
  loop.watch(viewer.read.get(), EPOLLIN, [&](std::uint32_t) {
    loop.forget(viewer.read.get());
    control.heard(1);
  });
  EXPECT_FALSE(control.submit(1, "keydown a"));
  write_all(viewer.write.get(), as_bytes("!"), "viewer");
  pass(kBusyUs);
  EXPECT_EQ(written(), "keydown a\n");
  pass(kBusyUs);
  EXPECT_EQ(written(), "keyup k:30\n");
}

TEST_F(ControlTest, TakesBackWhatAViewerSetAndDidNotTakeBack) {
  Control control = open();
  EXPECT_FALSE(control.submit(1, "layout de\ntypedelay 5\nlayout\nkeydown a"));
  const int before = changes;
  control.take(2);
  EXPECT_EQ(changes, before + 1) << "control must not appear free in between";
  control.leave(1);
  EXPECT_EQ(written(), "layout de\ntypedelay 5\nlayout\nkeydown a\nkeyup k:30\ntypedelay\n");
}

TEST_F(ControlTest, ReleasesEverythingAndLeavesControlWhereItIs) {
  Control control = open();
  EXPECT_FALSE(control.submit(1, "layout de\nkeydown a"));
  control.release_everything();
  EXPECT_EQ(written(), "layout de\nkeydown a\nkeyup k:30\nlayout\n");
  EXPECT_EQ(control.controller(), 1u);
  EXPECT_TRUE(control.flushed());
}

TEST_F(ControlTest, OneViewerHasControlUntilItGivesControlUp) {
  Control control = open();
  EXPECT_FALSE(control.submit(1, "keydown a"));
  const auto refused = control.submit(2, "key b");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kControlled);
  EXPECT_EQ(refused->why, "viewer 1 has control");
  control.give_up(1);
  EXPECT_EQ(control.controller(), std::nullopt);
  EXPECT_FALSE(control.submit(2, "key b"));
  EXPECT_EQ(control.controller(), 2u);
  EXPECT_EQ(written(), "keydown a\nkeyup k:30\nkey b\n");
}

TEST_F(ControlTest, AViewerThatMayOnlyWatchControlsNothing) {
  Control control = open();
  control.join(1, Permission::kWatch);
  const auto refused = control.submit(1, "key a\nkey b");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kControlled);
  EXPECT_EQ(refused->why, "your role is view");
  EXPECT_EQ(refused->line, 1);
  EXPECT_TRUE(same_json(told(control, 1), R"({"taken": 2, "failed": [1, 2]})"));
  control.take(1);
  EXPECT_EQ(control.controller(), std::nullopt);
  EXPECT_EQ(written(), "");
}

TEST_F(ControlTest, WhatFollowsARefusedLineIsRefusedWithIt) {
  Control control = open();
  control.join(1, Permission::kControl);
  EXPECT_FALSE(control.submit(1, "key a\r\n# not a line that counts\nkeydown b"));
  const auto refused = control.submit(1, "key c\nkey nosuchkey\nkeyup b");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kLine);
  EXPECT_EQ(refused->line, 4);
  EXPECT_EQ(written(), "key a\nkeydown b\nkey c\n");
  KeyboardStatus status;
  status.done = 3;
  control.counted(status);
  EXPECT_TRUE(same_json(told(control, 1), R"({"taken": 5, "failed": [4, 5]})"));
  EXPECT_EQ(metrics.actions, 3u);
}

TEST_F(ControlTest, AcceptsAllLinesOrNone) {
  Control control = open();
  const auto refused = control.submit_all(1, "key a\n\nkey nosuchkey\nkey alsobad");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kLine);
  EXPECT_EQ(refused->line, 3);
  EXPECT_TRUE(refused->why.starts_with("line 3: ")) << refused->why;
  EXPECT_EQ(written(), "");
  EXPECT_EQ(control.controller(), std::nullopt);
  EXPECT_FALSE(control.submit_all(1, "key a\r\n\n# comment\nkey b\n"));
  EXPECT_EQ(written(), "key a\nkey b\n");
}

// Sends lines that nobody reads, until they are refused.
void fill(Control& control, ViewerId viewer) {
  std::optional<Refused> refused;
  for (int i = 0; i < 100'000 && !refused; ++i) refused = control.submit(viewer, "mousemove 1 1");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kBusy);
}

TEST_F(ControlTest, ReleasesWhatIsHeldHoweverBusyTheTargetIs) {
  Control control = open({.shared = true});
  EXPECT_FALSE(control.submit(1, "keydown ctrl+a x:eacute\nbuttondown left"));
  EXPECT_FALSE(control.submit(2, "keydown b"));
  fill(control, 1);
  EXPECT_TRUE(control.submit(1, "keydown c"));
  EXPECT_TRUE(control.submit(1, "keyup b")) << "viewer 2 holds this key";
  EXPECT_TRUE(control.submit(1, "keyup a" + std::string(1000, ' ')))
      << "long lines might fill the memory";
  for (const char* line : {"keyup a", "keyup k:29", "keyup x:eacute", "buttonup left"}) {
    EXPECT_FALSE(control.submit(1, line)) << line;
    EXPECT_TRUE(control.submit(1, line)) << line << ", a second time";
  }
  EXPECT_FALSE(control.submit(1, "releaseall"));
  EXPECT_TRUE(control.submit(1, "releaseall"));
}

TEST_F(ControlTest, ReleasesPassBehindALineThatIsRefusedBecauseTheTargetIsBusy) {
  Control control = open();
  control.join(1, Permission::kControl);
  EXPECT_FALSE(control.submit(1, "keydown a\nbuttondown left"));
  fill(control, 1);
  const std::uint64_t actions = metrics.actions;
  const auto refused = control.submit(1, "type x\nkeyup a\nkeydown b\nbuttonup left\ntype y");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kBusy);
  EXPECT_EQ(metrics.actions, actions + 2);
}

TEST_F(ControlTest, WhatAnotherHoldsTooStaysDown) {
  Control control = open({.shared = true});
  for (const ViewerId viewer : {1u, 2u})
    EXPECT_FALSE(control.submit(viewer, "keydown shift\nbuttondown left"));
  EXPECT_FALSE(control.submit(1, "keydown a"));
  control.leave(1);
  EXPECT_FALSE(control.submit(2, "wake"));
  control.leave(2);
  EXPECT_EQ(written(),
            "keydown shift\nbuttondown left\nkeydown shift\nbuttondown left\nkeydown a\n"
            "keyup k:30\nwake\nkeyup k:42\nbuttonup left\n");
}

TEST_F(ControlTest, ASocketThatNobodyReadsAnyMoreIsNoticed) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Fd theirs(ends[0]);
  const Fd ours(ends[1]);
  Control control(loop, metrics, {}, ours.get(), [this] { ++changes; });
  EXPECT_FALSE(control.submit(1, "keydown a"));
  theirs.reset();
  loop.turn(10'000'000);
  EXPECT_TRUE(control.view_only());
  EXPECT_EQ(changes, 2) << "one when control was taken, one when the reader was lost";
  const auto refused = control.submit(1, "keyup a");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kNobodyReads);
}

}  // namespace
}  // namespace kvm
