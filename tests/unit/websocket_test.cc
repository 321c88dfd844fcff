#include "http/websocket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace kvm {
namespace {

// "x", as a client sends it: masked, with zeros.
const std::string kText("\x81\x81\0\0\0\0x", 7);
const std::string kPing("\x89\x80\0\0\0\0", 6);

std::string many(const std::string& frame, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += frame;
  return all;
}

struct WebSockets : testing::Test {
  WebSockets() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  // What the socket takes of it.
  std::size_t write(const std::string& bytes) {
    const ssize_t n = ::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }

  Loop loop;
  Fd ours, theirs;
};

TEST_F(WebSockets, WhoTalksWithoutABreakLetsOthersHaveTheirTurn) {
  const std::size_t sent = write(many(kText, 100'000)) / kText.size();
  ASSERT_GT(sent, 5000u);
  std::size_t heard = 0;
  WebSocket socket(
      loop, {ours.get(), "", [] {}},
      [&](std::string_view) {
        if (++heard == 1) loop.after(0, [&] { loop.stop(); });
      },
      [] {});
  loop.run();
  EXPECT_LT(heard, sent / 2);
  loop.after(0, [&] { loop.after(0, [&] { loop.stop(); }); });
  loop.run();
  EXPECT_GT(heard, sent / 4) << "and goes on afterwards";
}

TEST_F(WebSockets, WhoDoesNotReadItsAnswersIsLetGo) {
  const std::string pings = many(kPing, 100'000);
  bool closed = false;
  std::size_t asked = 0;
  WebSocket socket(
      loop, {ours.get(), "", [] {}}, [](std::string_view) {},
      [&] {
        closed = true;
        loop.stop();
      });
  std::function<void()> ask = [&] {
    if ((asked += write(pings)) > (20 << 20)) return loop.stop();
    loop.after(0, ask);
  };
  ask();
  loop.run();
  EXPECT_TRUE(closed);
}

}  // namespace
}  // namespace kvm
