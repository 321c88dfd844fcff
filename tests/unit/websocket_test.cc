#include "http/websocket.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

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

  WebSocket::Holder holder() { return {quota, "ann"}; }

  std::int64_t stopped_us = 0;  // if not 0, the clock stands still
  Loop loop{[this] { return stopped_us > 0 ? stopped_us : monotonic_us(); }};
  Turns turns{loop};
  Quota quota{4 << 20, 16 << 20};
};

TEST_F(WebSockets, WhoTalksWithoutABreakLetsOthersHaveTheirTurn) {
  const std::size_t sent = write(repeated(kText, 100'000)) / kText.size();
  ASSERT_GT(sent, 5000u);
  std::size_t heard = 0;
  WebSocket socket(
      loop, turns, {ours.get(), "", [] {}}, holder(),
      [&](std::string_view text, std::size_t) {
        if (++heard == 1) loop.after(0, [&] { loop.stop(); });
        return text.size();
      },
      [] {});
  loop.run();
  EXPECT_LT(heard, sent / 2);
  for (std::size_t turn = 0; turn < sent && heard < sent; ++turn) {
    loop.after(0, [&] { loop.after(0, [&] { loop.stop(); }); });
    loop.run();
  }
  EXPECT_EQ(heard, sent) << "the rest is read afterwards";
}

TEST_F(WebSockets, WhoDoesNotReadItsAnswersIsLetGo) {
  const std::string texts = repeated(kText, 100'000);
  bool closed = false;
  std::size_t asked = 0;
  WebSocket* self = nullptr;
  WebSocket socket(
      loop, turns, {ours.get(), "", [] {}}, holder(),
      [&](std::string_view text, std::size_t) {
        self->send_text("no");
        return text.size();
      },
      [&] {
        closed = true;
        loop.stop();
      });
  self = &socket;
  std::function<void()> ask = [&] {
    if ((asked += write(texts)) > (20 << 20)) return loop.stop();
    loop.after(0, ask);
  };
  ask();
  loop.run();
  EXPECT_TRUE(closed);
}

// RFC 6455, 5.5.3: an endpoint may answer only the newest ping.
TEST_F(WebSockets, OnlyTheNewestPingIsAnswered) {
  WebSocket socket(
      loop, turns, {ours.get(), "", [] {}}, holder(),
      [&](std::string_view text, std::size_t) { return text.size(); }, [] {});
  write(repeated(kPing, 1'200) + std::string("\x89\x82\0\0\0\0", 6) + "me");
  for (int i = 0; i < 3; ++i) loop.turn(0);
  EXPECT_EQ(received(), "\x8a\x02me");
}

// A client that pings and does not read makes the server hold one pong. When the client reads
// again, the pong comes between two frames.
TEST_F(WebSockets, APongWaitsForTheEndOfTheFrameAndReplacesTheLastOne) {
  WebSocket socket(
      loop, turns, {ours.get(), "", [] {}}, holder(),
      [&](std::string_view text, std::size_t) { return text.size(); }, [] {});
  const std::string long_text(2 << 20, 'x');
  socket.send_text(long_text);
  socket.send_text("next");
  const std::size_t queued = socket.queued_bytes();
  ASSERT_GT(queued, 1000u) << "the kernel took all of it";
  for (const char number : {'1', '2', '3'}) {
    write(std::string("\x89\x81\0\0\0\0", 6) + number);
    for (int i = 0; i < 3; ++i) loop.turn(0);
    EXPECT_EQ(socket.queued_bytes(), queued + 3);
  }
  std::string all;
  for (int i = 0; i < 1000 && socket.queued_bytes() > 0; ++i) {
    all += received();
    loop.turn(0);
  }
  all += received();
  EXPECT_EQ(all, websocket_header(WebSocketFrame::kText, long_text.size()) + long_text +
                     "\x8a\x01"
                     "3\x81\x04next");
}

// What many answers to one read need: a system call, not one each.
TEST_F(WebSockets, AnswersGoOutTogether) {
  stopped_us = monotonic_us();
  int answers = 0;
  WebSocket* self = nullptr;
  WebSocket socket(
      loop, turns, {ours.get(), "", [] {}}, holder(),
      [&](std::string_view text, std::size_t) {
        EXPECT_EQ(received(), "") << "the answers before this one wait for it";
        self->send_text(std::to_string(++answers));
        return text.size();
      },
      [] {});
  self = &socket;
  write(kText + kText + kText);
  for (int i = 0; i < 9 && answers < 3; ++i) loop.turn(0);
  EXPECT_EQ(received(),
            "\x81\x01"
            "1\x81\x01"
            "2\x81\x01"
            "3");
}

// A message in fragments of one byte each.
TEST_F(WebSockets, FragmentsTakeNoMoreMemoryThanTheirText) {
  const std::string first("\x01\x81\0\0\0\0x", 7), next("\x00\x81\0\0\0\0x", 7);
  std::size_t longest = 0;
  bool closed = false;
  WebSocket socket(
      loop, turns, {ours.get(), "", [] {}}, holder(),
      [&](std::string_view text, std::size_t) {
        longest = text.size();
        return text.size();
      },
      [&] { closed = true; });
  const auto before = ::mallinfo2().uordblks;
  std::size_t most = 0;
  std::string left = first + repeated(next, 7 << 20);
  for (int turn = 0; turn < 100'000 && !closed; ++turn) {
    left.erase(0, write(left.substr(0, 64 << 10)));
    loop.turn(0);
    most = std::max(most, ::mallinfo2().uordblks - before);
  }
  EXPECT_TRUE(closed) << "the message is longer than 1 MB";
  EXPECT_LT(most, left.capacity() + (4u << 20));
  EXPECT_EQ(longest, 0u);
}

TEST_F(WebSockets, AUsersMessagesShareItsQuota) {
  Quota::Share other(quota, "ann");
  ASSERT_TRUE(other.resize(4 << 20));
  bool closed = false;
  WebSocket socket(
      loop, turns, {ours.get(), "", [] {}}, holder(),
      [](std::string_view text, std::size_t) { return text.size(); }, [&] { closed = true; });
  write(std::string("\x01\xff\0\0\0\0\0\x01\0\0\0\0\0\0", 14) + std::string(40'000, 'x'));
  for (int turn = 0; turn < 100 && !closed; ++turn) loop.turn(0);
  EXPECT_TRUE(closed);
}

TEST_F(WebSockets, AMessageIsReadInTurns) {
  write(kText + kText);
  int calls = 0, passed = 0;
  WebSocket socket(
      loop, turns, {ours.get(), kText, [] {}}, holder(),
      [&](std::string_view, std::size_t taken) -> std::size_t {
        EXPECT_LE(taken, 1u);
        ::usleep(1100);
        return ++calls % 2;  // the first call for each message does one byte: all of it
      },
      [] {});
  for (; passed < 100 && calls < 5; ++passed) loop.turn(1000);
  EXPECT_EQ(calls, 5) << "three messages, of which two needed a second call";
  EXPECT_GE(passed, 4);
}

}  // namespace
}  // namespace kvm
