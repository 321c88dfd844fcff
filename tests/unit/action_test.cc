#include "keys/action.h"

#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include "keys/key_names.h"

namespace kvm {
namespace {

Action good(std::string_view line) {
  auto parsed = parse_action(line);
  const auto* error = std::get_if<ActionError>(&parsed);
  EXPECT_EQ(error, nullptr) << line << ": " << (error ? error->why : "");
  const auto* action = std::get_if<Action>(&parsed);
  EXPECT_NE(action, nullptr) << line;
  return action ? *action : Action{};
}

std::string bad(std::string_view line) {
  auto parsed = parse_action(line);
  const auto* error = std::get_if<ActionError>(&parsed);
  EXPECT_NE(error, nullptr) << line;
  return error ? error->why : "";
}

std::vector<std::uint16_t> codes(const Chord& chord) {
  std::vector<std::uint16_t> found;
  for (const KeyName& key : chord.keys) found.push_back(key.code);
  return found;
}
using Codes = std::vector<std::uint16_t>;

TEST(Action, Chords) {
  const Action action = good("key ctrl+alt+delete A k:30 x:exclam\n");
  EXPECT_EQ(action.verb, Verb::kKey);
  ASSERT_EQ(action.chords.size(), 4u);
  EXPECT_EQ(codes(action.chords[0]), (Codes{KEY_LEFTCTRL, KEY_LEFTALT, KEY_DELETE}));
  EXPECT_EQ(codes(action.chords[1]), (Codes{KEY_LEFTSHIFT, KEY_A}));
  EXPECT_EQ(codes(action.chords[2]), (Codes{KEY_A}));
  EXPECT_EQ(action.chords[3].keys[0].keysym, "exclam");
}

TEST(Action, NamesInAnyCaseAndAsPeopleSayThem) {
  EXPECT_EQ(good("key F1").chords, good("key f1").chords);
  EXPECT_EQ(good("key Return").chords, good("key enter").chords);
  EXPECT_EQ(good("key WIN+DEL").chords, good("key super+delete").chords);
  EXPECT_EQ(good("key leftctrl+c").chords, good("key Control+c").chords);
}

TEST(Action, BesideModifiersALetterNamesTheKey) {
  EXPECT_EQ(good("key Win+L").chords, good("key win+l").chords);
  EXPECT_EQ(good("key Ctrl+C ctrl+shift+A").chords, good("key ctrl+c ctrl+shift+a").chords);
  EXPECT_EQ(good("key k:29+C x:ISO_Level3_Shift+E").chords,
            good("key k:29+c x:ISO_Level3_Shift+e").chords);
  EXPECT_EQ(codes(good("keydown L").chords[0]), (Codes{KEY_LEFTSHIFT, KEY_L}));
  EXPECT_EQ(codes(good("key a+B").chords[0]), (Codes{KEY_A, KEY_LEFTSHIFT, KEY_B}));
}

TEST(Action, TypeKeepsItsBlanks) {
  EXPECT_EQ(good("type  a  b ").text, " a  b ");
  EXPECT_EQ(good("\t type x\r\n").text, "x");
  EXPECT_EQ(good("type").text, "");
  EXPECT_EQ(good("type h\xc3\xa9").text, "hé");
}

TEST(Action, Mouse) {
  EXPECT_EQ(good("click middle").button, Button::kMiddle);
  EXPECT_EQ(good("buttondown 4").button, Button::kBack);
  EXPECT_EQ(good("click 2").button, Button::kMiddle);  // X11 and dotool use these numbers
  EXPECT_EQ(good("click 3").button, Button::kRight);
  EXPECT_EQ(good("wheel -2").dx, -2);
  EXPECT_EQ(good("hwheel +3").dx, 3);
  EXPECT_DOUBLE_EQ(good("mouseto 0.25 1").x, 0.25);
  EXPECT_DOUBLE_EQ(good("mouseto 0.25 7").y, 1.0);
  const Action move = good("mousemove -300 12.6");
  EXPECT_EQ(move.dx, -300);
  EXPECT_EQ(move.dy, 13);
}

TEST(Action, TimesAndTheRest) {
  EXPECT_EQ(good("sleep 250").ms, 250);
  EXPECT_EQ(good("keydelay 2.5").ms, 3);
  EXPECT_EQ(good("typehold 0").verb, Verb::kTypeHold);
  EXPECT_EQ(good("layout us:intl").text, "us:intl");
  EXPECT_EQ(good("releaseall").verb, Verb::kReleaseAll);
  EXPECT_EQ(good("wake").verb, Verb::kWake);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_action("  ")));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_action("# note")));
}

TEST(Action, ErrorsNameTheWordAndWhatToDo) {
  EXPECT_EQ(bad("key ctlr+c"), "key: unknown key 'ctlr'");
  EXPECT_EQ(bad("key ctrl+"), "key: unknown key ''");
  EXPECT_EQ(bad("key k:999"), "key: unknown key 'k:999'");
  EXPECT_EQ(bad("keydown k:1x"), "keydown: unknown key 'k:1x'");
  EXPECT_EQ(bad("key x:nonsense"), "key: unknown XKB key 'x:nonsense'");
  EXPECT_EQ(bad("key"), "key: needs a key, such as ctrl+c");
  EXPECT_EQ(bad("type a\xff"), "type: invalid UTF-8 at byte 2");
  EXPECT_EQ(bad("mouseto 1"), "mouseto: takes 2 arguments, not 1");
  EXPECT_EQ(bad("mouseto nan 0"), "mouseto: needs X and Y, each from 0.0 to 1.0");
  EXPECT_EQ(bad("sleep inf"), "sleep: needs milliseconds, not 'inf'");
  EXPECT_EQ(bad("sleep -1"), "sleep: needs milliseconds, not '-1'");
  EXPECT_EQ(bad("wheel 99999999999"), "wheel: needs numbers up to 1000000, not '99999999999'");
  EXPECT_EQ(bad("wake up"), "wake: takes 0 arguments, not 1");
}

TEST(Action, ErrorsTellWhichNamesAToolCouldList) {
  const auto kind = [](std::string_view line) {
    return std::get<ActionError>(parse_action(line)).kind;
  };
  EXPECT_EQ(kind("key ctlr+c"), ActionError::kUnknownKey);
  EXPECT_EQ(kind("keyup k:999"), ActionError::kUnknownKey);
  EXPECT_EQ(kind("layout ../us"), ActionError::kUnknownLayout);
  EXPECT_EQ(kind("key"), ActionError::kOther);
  EXPECT_EQ(kind("nosuch"), ActionError::kOther);
}

TEST(Action, AnUnknownVerbIsNotRepeated) {
  EXPECT_EQ(bad("hunter2"), "unknown action (see kvm(7), ACTIONS)");
}

TEST(Keys, EveryKeyIsFoundByEveryName) {
  for (const Key& key : all_keys()) {
    EXPECT_EQ(find_key(key.name), &key) << key.name;
    EXPECT_EQ(find_key_code(key.code), &key) << key.name;
    EXPECT_EQ(find_key_usage(key.usage), &key) << key.name;
  }
  for (const Key& key : keys_in_controls_only()) {
    EXPECT_EQ(find_key(key.name), &key) << key.name;
    EXPECT_EQ(find_key_code(key.code), &key) << key.name;
    EXPECT_NE(key.control.usage, 0) << key.name;
  }
  EXPECT_EQ(find_key("NextTrack"), find_key("nextsong"));
  EXPECT_EQ(find_key_usage(0), nullptr);
  EXPECT_EQ(find_key(""), nullptr);
  EXPECT_EQ(find_key("nosuch"), nullptr);
  EXPECT_EQ(find_key_code(KEY_RESERVED), nullptr);
  EXPECT_EQ(find_key_code(KEY_MAX), nullptr);
}

}  // namespace
}  // namespace kvm
