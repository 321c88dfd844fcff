#include "keys/keyboard_status.h"

#include <gtest/gtest.h>
#include <limits.h>

namespace kvm {
namespace {

KeyboardStatus status() {
  KeyboardStatus made;
  made.host = HostState::kReady;
  made.layout = "de";
  made.typing = {HexInput::kLinux, {{U'€', "EUR"}, {U'=', "\"equal\""}, {U'—', ""}}, true};
  made.devices = {"keyboard", "mouse"};
  return made;
}

TEST(KeyboardStatus, ALineTellsHowTextIsTypedAndOnWhat) {
  EXPECT_EQ(to_json_line(status(), 7),
            R"({"t":7,"keyboard":"ready","leds":[],"done":0,"failed":0,"layout":"de",)"
            R"("unicode":"linux","skip":true,"devices":["keyboard","mouse"],)"
            R"("replace":["==\"equal\"","—=","€=EUR"]})"
            "\n");
  EXPECT_EQ(read_keyboard_status(to_json_line(status(), 7)), status());
}

TEST(KeyboardStatus, ALineOfAnOlderToolIsReadToo) {
  const auto read = read_keyboard_status(R"({"keyboard":"asleep","layout":"us"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->typing, TypistOptions{});
  EXPECT_FALSE(read->devices);
}

TEST(KeyboardStatus, ALineIsNeverLongerThanAPipeTakesAtOnce) {
  KeyboardStatus wordy = status();
  wordy.typing.replace[U'x'] = std::string(PIPE_BUF, 'y');
  const std::string line = to_json_line(wordy, 7);
  EXPECT_LE(line.size(), PIPE_BUF);
  EXPECT_TRUE(read_keyboard_status(line)->typing.skip);
}

}  // namespace
}  // namespace kvm
