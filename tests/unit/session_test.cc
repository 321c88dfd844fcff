#include "type/session.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "recorder.h"

namespace kvm {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct SessionTest : testing::Test {
  StopSignals stop;
  Poller poller{stop};
  Recorder sink;
  Player player{sink, Typist(Layout("us"))};
  const std::string directory = testing::TempDir() + strf("kvm-session-%d-", ::getpid());
  const std::string input = directory + "lines", status = directory + "status";

  ~SessionTest() override {
    ::unlink(input.c_str());
    ::unlink(status.c_str());
  }
  Exit play(const std::string& lines, const SessionOptions& options) {
    std::ofstream(input) << lines;
    return Session(player, nullptr, poller, options).play(input);
  }
  // Plays `lines` and returns the answers. Sets first_failure.
  std::string answers(const std::string& lines, SessionOptions options = {}) {
    options.acknowledge = true;
    testing::internal::CaptureStdout();
    first_failure = play(lines, options);
    return testing::internal::GetCapturedStdout();
  }
  Exit first_failure = Exit::kDone;
};

TEST_F(SessionTest, EachLineIsAnsweredAndTheFirstFailureIsReturned) {
  EXPECT_EQ(answers("key a\n\nnosuch\nwake\n"),
            "ok\nok\nerror: unknown action (see kvm(7), ACTIONS)\nok\n");
  EXPECT_EQ(first_failure, Exit::kData);
  EXPECT_EQ(sink.reports.size(), 2u);
  EXPECT_EQ(sink.woken, 1);
}

TEST_F(SessionTest, UnknownNamesComeWithTheHintsOfTheTool) {
  const std::string lines = "key nosuch\nlayout nosuch\nlayout ../us\nkey\n";
  EXPECT_EQ(answers(lines, {.hints = {"list keys", "list layouts"}}),
            "error: key: unknown key 'nosuch' (list keys)\n"
            "error: no such layout: 'nosuch' (list layouts)\n"
            "error: layout: needs LAYOUT[:VARIANT][@TARGET] (list layouts)\n"
            "error: key: needs a key, such as ctrl+c\n");
  EXPECT_EQ(answers("key nosuch\n"), "error: key: unknown key 'nosuch'\n");
}

TEST_F(SessionTest, AFailureEndsTheInputUnlessItIsReportedElsewhere) {
  try {
    play("key a\nkey nosuch\nkey b\n", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::kData);
    EXPECT_EQ(error.what(), input + ": line 2: key: unknown key 'nosuch'");
  }
  EXPECT_EQ(sink.reports.size(), 2u);
}

TEST_F(SessionTest, ActionsAreCountedOnceTheHostTookThem) {
  sink.fail_after = 3;
  testing::internal::CaptureStderr();
  EXPECT_EQ(play("key a\nkey b\nlayout de\nmousemove 1 1\n", {.status_file = status}), Exit::kBusy);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("line 2: no host"), std::string::npos);
  const std::string lines = read(status);
  EXPECT_NE(lines.find(R"("keyboard":"no-device","leds":[],"done":0,"failed":0,"layout":"us",)"),
            std::string::npos)
      << lines;
  EXPECT_NE(lines.find(R"("done":2,"failed":2,"layout":"de",)"), std::string::npos) << lines;
}

TEST_F(SessionTest, WhatIsDownComesUpAfterAFailure) {
  sink.fail_after = 1;
  answers("keydown a\nkey b\n");
  EXPECT_EQ(first_failure, Exit::kBusy);
  EXPECT_EQ(sink.let_gone, std::vector<std::string>{"keyboard 00 00 00 00 00 00 00 00"});
}

}  // namespace
}  // namespace kvm
