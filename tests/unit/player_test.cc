#include "type/player.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "recorder.h"

namespace kvm {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kUp = "keyboard 00 00 00 00 00 00 00 00";

void play(Player& player, std::string_view line) {
  player.run(std::get<Action>(parse_action(line)));
}

struct PlayerTest : testing::Test {
  Recorder sink;
  Player player{sink, Typist(Layout("us"))};
};

TEST_F(PlayerTest, WhatIsHeldStaysHeldWhileTyping) {
  play(player, "keydown ctrl");
  play(player, "type A");
  play(player, "keyup ctrl");
  EXPECT_EQ(sink.reports,
            (Lines{"keyboard 01 00 00 00 00 00 00 00", "keyboard 03 00 04 00 00 00 00 00",
                   "keyboard 01 00 00 00 00 00 00 00", kUp}));
  EXPECT_EQ(sink.rested, Lines{"keyboard"});
}

TEST_F(PlayerTest, SettingsGoBackToWhatTheyWere) {
  play(player, "layout de");
  play(player, "typedelay 100");
  play(player, "layout");
  play(player, "typedelay");
  play(player, "type yz");
  EXPECT_EQ(player.typist().layout().name(), "us");
  EXPECT_EQ(sink.paused.count(), 0);
}

TEST_F(PlayerTest, AKeyThatIsDownIsTypedAnew) {
  play(player, "keydown a");
  play(player, "type a");
  EXPECT_EQ(sink.reports, (Lines{"keyboard 00 00 04 00 00 00 00 00", kUp,
                                 "keyboard 00 00 04 00 00 00 00 00", kUp}));
}

TEST_F(PlayerTest, KeysOfAChordGoDownInOrder) {
  play(player, "key alt+sysrq+b");
  EXPECT_EQ(sink.reports,
            (Lines{"keyboard 04 00 46 00 00 00 00 00", "keyboard 04 00 46 05 00 00 00 00", kUp}));
}

// HID Usage Tables 1.4: Consumer page, Play/Pause 0xcd, Volume Increment 0xe9, Mute 0xe2; Generic
// Desktop page, System Sleep 0x82.
TEST_F(PlayerTest, MediaAndSystemKeysGoToTheControls) {
  play(player, "key playpause ctrl+volumeup sleep");
  EXPECT_EQ(sink.reports,
            (Lines{"controls 01 cd 00 00 00 00 00", "controls 01 00 00 00 00 00 00",
                   "keyboard 01 00 00 00 00 00 00 00", "controls 01 e9 00 00 00 00 00",
                   "controls 01 00 00 00 00 00 00", kUp, "controls 02 82", "controls 02 00"}));
}

TEST_F(PlayerTest, MediaKeysAreHeldAndReleased) {
  play(player, "keydown mute");
  play(player, "keydown refresh sleep");
  play(player, "keyup refresh");
  EXPECT_TRUE(sink.rested.empty());
  play(player, "releaseall");
  EXPECT_EQ(sink.reports, (Lines{"controls 01 e2 00 00 00 00 00", "controls 01 e2 00 27 02 00 00",
                                 "controls 02 82", "controls 01 e2 00 00 00 00 00", kUp,
                                 "controls 01 00 00 00 00 00 00", "controls 02 00"}));
  play(player, "keydown power mute");
  player.abandon();
  EXPECT_EQ(sink.let_gone, (Lines{"controls 02 00", "controls 01 00 00 00 00 00 00"}));
}

TEST_F(PlayerTest, WithoutControlsTheKeyboardHasTheKeyOrTheMessageNamesIt) {
  sink.has_controls = false;
  play(player, "key mute");
  EXPECT_EQ(sink.reports, (Lines{"keyboard 00 00 7f 00 00 00 00 00", kUp}));
  try {
    play(player, "key a playpause");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::kNoInput);
    EXPECT_STREQ(error.what(),
                 "the gadget has no controls, which have the key playpause "
                 "(kvm-gadget-setup up makes them)");
  }
  EXPECT_EQ(sink.reports.size(), 2u);
  play(player, "keyup playpause");  // it is not down
}

TEST(Player, ModifiersGoApartFromTheKey) {
  Recorder sink;
  Player player(sink, Typist(Layout("us")), {.modifier_delay = std::chrono::milliseconds(5)});
  const Lines capital = {"keyboard 02 00 00 00 00 00 00 00", "keyboard 02 00 04 00 00 00 00 00",
                         "keyboard 02 00 00 00 00 00 00 00", kUp};
  player.type("A");
  EXPECT_EQ(sink.reports, capital);
  EXPECT_EQ(sink.paused.count(), 10);
  sink.reports.clear();
  play(player, "key shift+a");
  EXPECT_EQ(sink.reports, capital);
  sink.reports.clear();
  player.type("a");
  play(player, "key ctrl");
  EXPECT_EQ(sink.reports, (Lines{"keyboard 00 00 04 00 00 00 00 00", kUp,
                                 "keyboard 01 00 00 00 00 00 00 00", kUp}));
}

TEST(Player, ThePointerMovesInItsArea) {
  Recorder sink;
  Player player(sink, Typist(Layout("us")), {.pointer_area = {0.5, 0, 0.5, 0.25}});
  for (const char* line : {"mouseto 0 0", "mouseto 1 1", "mouseto 0.5 0.5"}) play(player, line);
  EXPECT_EQ(sink.reports, (Lines{"pointer 00 00 40 00 00 00 00", "pointer 00 ff 7f 00 20 00 00",
                                 "pointer 00 ff 5f 00 10 00 00"}));
  EXPECT_FALSE((PointerArea{0.5, 0, 0.6, 1}).is_within_screen());
  EXPECT_FALSE((PointerArea{0, 0, 0, 1}).is_within_screen());
  EXPECT_TRUE((PointerArea{0.3333333, 0, 0.6666667, 1}).is_within_screen());
}

TEST_F(PlayerTest, AccentsThatAreCharactersOfTheirOwnAreJoined) {
  play(player, "layout de");
  play(player, "type u\xcc\x88");  // as macOS writes ü
  EXPECT_EQ(sink.reports, (Lines{"keyboard 00 00 2f 00 00 00 00 00", kUp}));
}

TEST_F(PlayerTest, WhatIsHeldGoesDownInOrder) {
  // Here £ needs Shift after AltGr. If both came in one report, hosts would read AltGr last.
  play(player, "layout mao");
  play(player, "type £");
  EXPECT_EQ(sink.reports,
            (Lines{"keyboard 40 00 00 00 00 00 00 00", "keyboard 42 00 20 00 00 00 00 00", kUp}));
}

TEST_F(PlayerTest, AChordThatCannotBePressedIsNotBegun) {
  for (const char* line : {"key b a+b+c+d+e+f+g", "key a x:dead_acute"})
    EXPECT_THROW(play(player, line), Error) << line;
  EXPECT_TRUE(sink.reports.empty());
}

TEST_F(PlayerTest, SevenKeysAreTooMany) {
  for (const char* line : {"keydown a b c", "keydown d e f"}) play(player, line);
  EXPECT_THROW(play(player, "keydown g"), Error);
}

TEST_F(PlayerTest, DestructionReleasesWhatIsDown) {
  {
    Recorder other;
    {
      Player held(other, Typist(Layout("us")));
      play(held, "keydown shift");
      play(held, "mouseto 0 0");
      play(held, "buttondown left");
      play(held, "mousemove 1 1");
      play(held, "buttondown right");
    }
    EXPECT_EQ(other.let_gone, (Lines{kUp, "pointer 00 00 00 00 00 00 00", "mouse 00 00 00 00 00"}));
  }
}

TEST_F(PlayerTest, AFailureCountsWhatArrived) {
  sink.fail_after = 5;  // a, up, b, up, c
  EXPECT_THROW(player.type("abc"), Error);
  EXPECT_EQ(player.arrived(), 2u);
  player.abandon();
  EXPECT_EQ(sink.let_gone, Lines{kUp});
}

TEST_F(PlayerTest, ARefusedTextIsNotBegun) {
  EXPECT_THROW(player.type("ab€"), Error);
  EXPECT_TRUE(sink.reports.empty());
}

TEST_F(PlayerTest, CapsLockIsOffForTheTextAndOnAgain) {
  sink.leds_ = Leds{.caps = true};
  player.type("a");
  EXPECT_EQ(sink.reports,
            (Lines{"keyboard 00 00 39 00 00 00 00 00", kUp, "keyboard 00 00 04 00 00 00 00 00", kUp,
                   "keyboard 00 00 39 00 00 00 00 00", kUp}));
  EXPECT_TRUE(sink.leds_->caps);
}

// On jp the CapsLock key switches CapsLock only with Shift. On us:colemak the key is Backspace.
TEST_F(PlayerTest, CapsLockIsSwitchedByTheKeysOfTheLayout) {
  sink.leds_ = Leds{.caps = true};
  play(player, "layout jp");
  player.type("a");
  ASSERT_EQ(sink.reports.size(), 6u);
  EXPECT_EQ(sink.reports[0], "keyboard 02 00 39 00 00 00 00 00");
  EXPECT_EQ(sink.reports[4], "keyboard 02 00 39 00 00 00 00 00");
  sink.reports.clear();
  for (const char* layout : {"us:colemak", "us:workman"}) {
    play(player, std::string("layout ") + layout);
    EXPECT_THROW(player.type("a"), Error) << layout;
    EXPECT_TRUE(sink.reports.empty()) << layout;
  }
}

TEST_F(PlayerTest, CapsLockComesBackWhenTypingFails) {
  sink.leds_ = Leds{.caps = true};
  sink.fail_after = 3;
  EXPECT_THROW(player.type("abc"), Error);
  EXPECT_EQ(sink.let_gone, (Lines{kUp, "keyboard 00 00 39 00 00 00 00 00", kUp}));
}

TEST_F(PlayerTest, CapsLockComesUpThoughItsOwnReportFails) {
  sink.leds_ = Leds{.caps = true};
  sink.fail_after = 1;
  EXPECT_THROW(player.type("abc"), Error);
  player.abandon();
  EXPECT_EQ(sink.let_gone, (Lines{kUp, "keyboard 00 00 39 00 00 00 00 00", kUp, kUp}));
  EXPECT_EQ(sink.rested, Lines{"keyboard"});
}

TEST_F(PlayerTest, CapsLockThatWasNotOnIsNotLeftOn) {
  sink.leds_ = Leds{.caps = true};  // out of date: the host reports no lights any more
  sink.follows = false;
  EXPECT_THROW(player.type("abc"), Error);
  EXPECT_EQ(sink.reports, (Lines{"keyboard 00 00 39 00 00 00 00 00", kUp}));
  EXPECT_EQ(sink.let_gone, (Lines{kUp, "keyboard 00 00 39 00 00 00 00 00", kUp}));
}

TEST_F(PlayerTest, ATargetThatDoesNotFollowIsNoticed) {
  sink.leds_ = Leds{};
  Player verifying(sink, Typist(Layout("us")), {.verify_leds = 2});
  verifying.type("abcd");
  EXPECT_EQ(verifying.arrived(), 4u);
  sink.follows = false;
  EXPECT_THROW(verifying.type("abcd"), Error);
  EXPECT_EQ(verifying.arrived(), 2u);
}

TEST_F(PlayerTest, LongMovesGoStraightInSteps) {
  play(player, "mousemove -300 30");
  EXPECT_EQ(sink.reports,
            (Lines{"mouse 00 9c 0a 00 00", "mouse 00 9c 0a 00 00", "mouse 00 9c 0a 00 00"}));
}

TEST_F(PlayerTest, MovesWaitAndBecomeOneButNeverPassAKey) {
  sink.is_busy = true;
  play(player, "mousemove 1 0");
  play(player, "mousemove 2 5");
  EXPECT_TRUE(sink.reports.empty());
  play(player, "key a");
  play(player, "mouseto 0 0");
  play(player, "mouseto 1 0");
  player.flush();
  EXPECT_EQ(sink.reports, (Lines{"mouse 00 03 05 00 00", "keyboard 00 00 04 00 00 00 00 00", kUp,
                                 "pointer 00 ff 7f 00 00 00 00"}));
}

TEST_F(PlayerTest, MovesThatWaitLongDoNotTurnRound) {
  sink.is_busy = true;
  sink.fail_after = 3;
  const auto move_far = [&] {
    for (int i = 0; i < 3000; ++i) play(player, "mousemove 1000000 -1000000");
    player.flush();
  };
  EXPECT_THROW(move_far(), Error);
  EXPECT_EQ(sink.reports,
            (Lines{"mouse 00 7e 82 00 00", "mouse 00 7f 81 00 00", "mouse 00 7f 81 00 00"}));
}

TEST_F(PlayerTest, AButtonComesUpWhereItIsDown) {
  play(player, "mouseto 0 0");
  play(player, "buttondown left");
  play(player, "mousemove 1 1");
  play(player, "buttonup left");
  EXPECT_EQ(sink.reports.back(), "pointer 00 00 00 00 00 00 00");
}

TEST_F(PlayerTest, WithoutAMouseThePointerClicksWhereItWasPlaced) {
  sink.has_mouse = false;
  for (const char* line : {"click left", "wheel 1"}) EXPECT_THROW(play(player, line), Error);
  EXPECT_TRUE(sink.reports.empty());
  play(player, "mouseto 1 0");
  sink.fail_after = 0;
  EXPECT_THROW(play(player, "mousemove 1 1"), Error);
  player.abandon();
  sink.fail_after = 3;
  play(player, "click left");
  play(player, "wheel 1");
  EXPECT_EQ(sink.reports, (Lines{"pointer 00 ff 7f 00 00 00 00", "pointer 01 ff 7f 00 00 00 00",
                                 "pointer 00 ff 7f 00 00 00 00", "pointer 00 ff 7f 00 00 01 00"}));
}

TEST_F(PlayerTest, ABigTurnOfTheWheelTakesSeveralReports) {
  play(player, "wheel 130");
  play(player, "hwheel -1");
  EXPECT_EQ(sink.reports,
            (Lines{"mouse 00 00 00 7f 00", "mouse 00 00 00 03 00", "mouse 00 00 00 00 ff"}));
}

TEST_F(PlayerTest, TimesOfActions) {
  for (const char* line : {"keyhold 7", "keydelay 100", "typehold 1000", "typedelay 10000"})
    play(player, line);
  play(player, "key a");
  EXPECT_EQ(sink.paused.count(), 107);
  play(player, "type ab");
  EXPECT_EQ(sink.paused.count(), 107 + 2 * 11000);
  play(player, "sleep 100000");
  EXPECT_EQ(sink.paused.count(), 107 + 2 * 11000 + 100000);
}

TEST_F(PlayerTest, ALayoutThatIsGoneLeavesTheKeys) {
  Player without(sink, Typist(Layout::without_keys("gone")));
  play(without, "key a");
  EXPECT_EQ(sink.reports, (Lines{"keyboard 00 00 04 00 00 00 00 00", kUp}));
  for (const char* before : {"releaseall", "layout us", "layout"}) {
    play(without, before);
    const bool types = std::string(before) == "layout us";
    if (types)
      EXPECT_NO_THROW(play(without, "type a"));
    else
      EXPECT_THROW(play(without, "type a"), Error) << before;
  }
}

TEST_F(PlayerTest, LayoutWakeAndReleaseAll) {
  play(player, "layout de");
  play(player, "type z");
  EXPECT_EQ(sink.reports[0], "keyboard 00 00 1c 00 00 00 00 00");
  play(player, "key x:adiaeresis");
  EXPECT_EQ(sink.reports[2], "keyboard 00 00 34 00 00 00 00 00");
  EXPECT_THROW(play(player, "key x:Cyrillic_zhe"), Error);
  play(player, "wake");
  EXPECT_EQ(sink.woken, 1);
  play(player, "keydown a");
  play(player, "releaseall");
  EXPECT_EQ(sink.reports.back(), kUp);
}

}  // namespace
}  // namespace kvm
