#include "hub/control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

namespace kvm {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends), 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2];
};

TEST(Input, AViewerIsNotSilentWhoseWordsWaitForUs) {
  Loop loop;
  Metrics metrics;
  const Pipe viewer, out;
  Input input(loop, metrics, {}, out.ends[1], [] {});
  std::uint8_t bytes[100];
  loop.watch(viewer.ends[0], EPOLLIN, [&](std::uint32_t) {
    read_some(viewer.ends[0], bytes, "viewer");
    input.heard(1);
    loop.after(0, [&] { loop.stop(); });
  });
  EXPECT_FALSE(input.submit(1, "keydown a"));
  // The machine is busy for longer than a viewer may be silent; meanwhile this one speaks.
  ::usleep(600'000);
  write_all(viewer.ends[1], as_bytes("!"), "viewer");
  loop.run();
  const auto n = read_some(out.ends[0], bytes, "out");
  EXPECT_EQ(as_text(Bytes(bytes).first(n.value_or(0))), "keydown a\n");
}

TEST(Input, TakesBackWhatAViewerSetAndDidNotTakeBack) {
  Loop loop;
  Metrics metrics;
  const Pipe out;
  int told = 0;
  Input input(loop, metrics, {}, out.ends[1], [&] { ++told; });
  for (const char* line : {"layout de", "typedelay 5", "layout", "keydown a"})
    EXPECT_FALSE(input.submit(1, line)) << line;
  const int before = told;
  input.take(2);
  EXPECT_EQ(told, before + 1) << "nobody is told that control is free in between";
  input.leave(1);
  std::uint8_t bytes[200];
  const auto n = read_some(out.ends[0], bytes, "out");
  EXPECT_EQ(as_text(Bytes(bytes).first(n.value_or(0))),
            "layout de\ntypedelay 5\nlayout\nkeydown a\nkeyup k:30\ntypedelay\n");
}

// Nobody reads: until the viewer is told so.
void fill(Input& input, ViewerId viewer) {
  std::optional<Refused> refused;
  for (int i = 0; i < 100'000 && !refused; ++i) refused = input.submit(viewer, "mousemove 1 1");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, Refused::kBusy);
}

TEST(Input, LetsGoOfWhatIsHeldHoweverBusyTheTargetIs) {
  Loop loop;
  Metrics metrics;
  const Pipe out;
  Input input(loop, metrics, {true}, out.ends[1], [] {});
  for (const char* line : {"keydown ctrl+a x:eacute", "buttondown left"})
    EXPECT_FALSE(input.submit(1, line)) << line;
  EXPECT_FALSE(input.submit(2, "keydown b"));
  fill(input, 1);
  EXPECT_TRUE(input.submit(1, "keydown c"));
  EXPECT_TRUE(input.submit(1, "keyup b")) << "is another's";
  EXPECT_TRUE(input.submit(1, "keyup a" + std::string(1000, ' '))) << "might fill the memory";
  for (const char* line : {"keyup a", "keyup k:29", "keyup x:eacute", "buttonup left"}) {
    EXPECT_FALSE(input.submit(1, line)) << line;
    EXPECT_TRUE(input.submit(1, line)) << line << " once only";
  }
  EXPECT_FALSE(input.submit(1, "releaseall"));
  EXPECT_TRUE(input.submit(1, "releaseall"));
}

TEST(Input, WhatAnotherHoldsTooStaysDown) {
  Loop loop;
  Metrics metrics;
  const Pipe out;
  Input input(loop, metrics, {true}, out.ends[1], [] {});
  for (const ViewerId viewer : {1u, 2u})
    for (const char* line : {"keydown shift", "buttondown left"})
      EXPECT_FALSE(input.submit(viewer, line)) << line;
  EXPECT_FALSE(input.submit(1, "keydown a"));
  input.leave(1);
  EXPECT_FALSE(input.submit(2, "wake"));
  input.leave(2);
  std::uint8_t bytes[200];
  const auto n = read_some(out.ends[0], bytes, "out");
  EXPECT_EQ(as_text(Bytes(bytes).first(n.value_or(0))),
            "keydown shift\nbuttondown left\nkeydown shift\nbuttondown left\nkeydown a\n"
            "keyup k:30\nwake\nkeyup k:42\nbuttonup left\n");
}

TEST(Input, ASocketThatNobodyReadsAnyMoreIsNoticed) {
  Loop loop;
  Metrics metrics;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Fd theirs(ends[0]);
  const Fd ours(ends[1]);
  Input input(loop, metrics, {}, ours.get(), [&] { loop.stop(); });
  theirs.reset();
  loop.after(10'000'000, [&] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(input.view_only());
}

}  // namespace
}  // namespace kvm
