#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/signals.h"
#include "base/text.h"
#include "base/tool.h"

namespace kvm {
namespace {

using namespace std::chrono_literals;

TEST(Text, NumbersAreWholeOrNothing) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<int>("-7"), -7);
  for (const char* bad : {"", " 1", "1 ", "1x", "0x10", "99999999999"})
    EXPECT_FALSE(parse_number<int>(bad)) << bad;
}

TEST(Text, SplitKeepsEmptyPartsAndWordsDoNot) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(words(" a \t b\r\n"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(trim("  a b "), "a b");
}

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t point = 0; point <= 0x10ffff; point += point < 0x900 ? 1 : 251) {
    if (point >= 0xd800 && point < 0xe000) continue;
    std::string text;
    append_utf8(text, point);
    std::string_view rest = text;
    EXPECT_EQ(take_utf8(rest), point);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(Utf8, IllFormedIsRefusedAndNotTaken) {
  for (std::string_view bad :
       {"\x80", "\xc0\xaf", "\xc1\x81", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5", "\xe2\x82", "\xff"}) {
    std::string_view rest = bad;
    EXPECT_FALSE(take_utf8(rest));
    EXPECT_EQ(rest.size(), bad.size());
  }
}

TEST(Utf8, PrintableEscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("käse"), "käse");
  EXPECT_EQ(printable("a\x1b[2Jb\n\xff"), "a\\x1b[2Jb\\x0a\\xff");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("a\u202eb"), "a\\xe2\\x80\\xaeb");  // right-to-left override
  EXPECT_EQ(printable("\u2066\u2028"), "\\xe2\\x81\\xa6\\xe2\\x80\\xa8");
  EXPECT_EQ(printable("שלום 日本 e\u0301 🙂"), "שלום 日本 e\u0301 🙂");
}

TEST(Io, WriteAllWaitsForASlowReader) {
  Pipe pipe = make_pipe(O_NONBLOCK);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    pipe.read.reset();
    write_all(pipe.write.get(), std::string(1 << 20, 'x'), "pipe");
    _exit(0);
  }
  pipe.write.reset();
  std::size_t total = 0;
  std::uint8_t buffer[4096];
  while (wait_for(pipe.read.get(), POLLIN, 5s)) {
    const auto n = read_some(pipe.read.get(), buffer, "pipe");
    ASSERT_TRUE(n);
    if (*n == 0) break;
    total += *n;
  }
  int status;
  waitpid(child, &status, 0);
  EXPECT_EQ(total, 1u << 20);
}

TEST(Io, WaitForTimesOut) {
  const Pipe pipe = make_pipe();
  EXPECT_FALSE(wait_for(pipe.read.get(), POLLIN, 10ms));
}

TEST(Error, NamesTheThingTheReasonAndTheCure) {
  try {
    open_fd("/nowhere/video0", O_RDONLY, 0, "is the dongle plugged in?");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "/nowhere/video0: No such file or directory (is the dongle plugged in?)");
    EXPECT_EQ(error.exit(), Exit::kNoInput);
  }
}

// Runs `body` within run_tool() in a child process. Returns the child's exit code, or 128 + the
// signal that killed it.
int ends(const std::function<Exit()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    // A test runner in the background ignores SIGINT, and the child inherits that.
    ::signal(SIGINT, SIG_DFL);
    const Fd null(::open("/dev/null", O_WRONLY));
    dup2(null.get(), STDERR_FILENO);
    _exit(run_tool(body));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(Tool, EndsAsDocumented) {
  EXPECT_EQ(ends([] { return Exit::kNo; }), 1);
  EXPECT_EQ(ends([]() -> Exit { throw Error(Exit::kConfig, "x"); }), 78);
  EXPECT_EQ(ends([]() -> Exit { throw std::runtime_error("x"); }), 70);
  EXPECT_EQ(ends([]() -> Exit { throw std::bad_alloc(); }), 71);
  EXPECT_EQ(ends([]() -> Exit { throw Stopped{SIGTERM}; }), 128 + SIGTERM);
}

TEST(Tool, CleansUpBeforeItDiesOfTheSignal) {
  const Pipe pipe = make_pipe();
  struct Undo {
    int fd;
    ~Undo() { [[maybe_unused]] const auto n = ::write(fd, "undone", 6); }
  };
  EXPECT_EQ(ends([&]() -> Exit {
              StopSignals stop;
              const Undo undo{pipe.write.get()};
              ::kill(getpid(), SIGINT);
              wait_for(stop.fd(), POLLIN, 5s);
              stop.check();
              return Exit::kDone;
            }),
            128 + SIGINT);
  EXPECT_TRUE(wait_for(pipe.read.get(), POLLIN, 0ms));
}

TEST(StopSignals, ASecondSignalKills) {
  EXPECT_EQ(ends([]() -> Exit {
              StopSignals stop;
              ::kill(getpid(), SIGINT);
              wait_for(stop.fd(), POLLIN, 5s);
              if (!stop.take()) return Exit::kBug;
              ::kill(getpid(), SIGTERM);
              return Exit::kDone;
            }),
            128 + SIGTERM);
}

}  // namespace
}  // namespace kvm
