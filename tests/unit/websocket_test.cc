#include "http/websocket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "socket_pair.h"

namespace kvm {
namespace {

// The text "x" and a ping as a client sends them: masked, with a mask of zeros.
const std::string kText("\x81\x81\0\0\0\0x", 7);
const std::string kPing("\x89\x80\0\0\0\0", 6);

// Repeats `frame` until the text has at least `bytes` bytes.
std::string repeated(const std::string& frame, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += frame;
  return text;
}

struct WebSockets : testing::Test, SocketPair {
  // Sends as many of the bytes as the socket takes at once; returns their number.
  std::size_t write(const std::string& bytes) {
    const ssize_t n = ::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }

  Loop loop;
};

TEST_F(WebSockets, WhoTalksWithoutABreakLetsOthersHaveTheirTurn) {
  const std::size_t sent = write(repeated(kText, 100'000)) / kText.size();
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
  EXPECT_GT(heard, sent / 4) << "the rest is read afterwards";
}

TEST_F(WebSockets, WhoDoesNotReadItsAnswersIsLetGo) {
  const std::string pings = repeated(kPing, 100'000);
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
