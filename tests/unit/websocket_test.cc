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

  Loop loop;
  Quota quota{4 << 20, 16 << 20};
};

TEST_F(WebSockets, WhoTalksWithoutABreakLetsOthersHaveTheirTurn) {
  const std::size_t sent = write(repeated(kText, 100'000)) / kText.size();
  ASSERT_GT(sent, 5000u);
  std::size_t heard = 0;
  WebSocket socket(
      loop, {ours.get(), "", [] {}}, holder(),
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
  const std::string pings = repeated(kPing, 100'000);
  bool closed = false;
  std::size_t asked = 0;
  WebSocket socket(
      loop, {ours.get(), "", [] {}}, holder(),
      [](std::string_view text, std::size_t) { return text.size(); },
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

// A message in fragments of one byte each.
TEST_F(WebSockets, FragmentsTakeNoMoreMemoryThanTheirText) {
  const std::string first("\x01\x81\0\0\0\0x", 7), next("\x00\x81\0\0\0\0x", 7);
  std::size_t longest = 0;
  bool closed = false;
  WebSocket socket(
      loop, {ours.get(), "", [] {}}, holder(),
      [&](std::string_view text, std::size_t) {
        longest = text.size();
        return text.size();
      },
      [&] { closed = true; });
  const auto before = ::mallinfo2().uordblks;
  std::size_t most = 0;
  std::string left = first + repeated(next, 7 << 20);
  for (int turns = 0; turns < 100'000 && !closed; ++turns) {
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
      loop, {ours.get(), "", [] {}}, holder(),
      [](std::string_view text, std::size_t) { return text.size(); }, [&] { closed = true; });
  write(std::string("\x01\xff\0\0\0\0\0\x01\0\0\0\0\0\0", 14) + std::string(40'000, 'x'));
  for (int turns = 0; turns < 100 && !closed; ++turns) loop.turn(0);
  EXPECT_TRUE(closed);
}

TEST_F(WebSockets, AMessageIsReadInTurns) {
  write(kText + kText);
  int calls = 0, turns = 0;
  WebSocket socket(
      loop, {ours.get(), kText, [] {}}, holder(),
      [&](std::string_view, std::size_t taken) -> std::size_t {
        EXPECT_LE(taken, 1u);
        ::usleep(1100);
        return ++calls % 2;  // the first call for each message does one byte: all of it
      },
      [] {});
  for (; turns < 100 && calls < 5; ++turns) loop.turn(1000);
  EXPECT_EQ(calls, 5) << "three messages, of which two needed a second call";
  EXPECT_GE(turns, 4);
}

}  // namespace
}  // namespace kvm
