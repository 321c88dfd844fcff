#include "http/consoles.h"

#include <gtest/gtest.h>

#include <array>

#include "libjpeg.h"
#include "small_jpeg.h"
#include "socket_pair.h"
#include "test_loop.h"

namespace kvm {
namespace {

constexpr int kWidth = 160, kHeight = 96;

// A grey pattern. Unless `mark` is negative, a white square of 8 × 8 pixels is at the left edge,
// 8 * `mark` pixels from the top.
std::string picture(int mark) {
  std::vector<std::uint8_t> grey(kWidth * kHeight);
  for (std::size_t i = 0; i < grey.size(); ++i)
    grey[i] = static_cast<std::uint8_t>(i * i % 251);  // too irregular for a small image
  for (int y = 0; mark >= 0 && y < 8; ++y)
    std::fill_n(grey.begin() + (8 * mark + y) * kWidth, 8, std::uint8_t{255});
  const auto jpeg =
      plain_encode(grey.data(), kWidth, kHeight, JCS_GRAYSCALE, Subsampling::k444, 80, 20);
  return std::string(as_text(jpeg));
}

struct Message {
  int opcode;  // 1 text, 2 binary, 8 close, 9 ping
  std::string body;
};

// Reads `bytes` bytes of a binary message, little endian.
std::uint64_t number(const std::string& body, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  while (bytes-- > 0) value = value << 8 | static_cast<std::uint8_t>(body.at(at + bytes));
  return value;
}

constexpr std::uint64_t kPieces = 0, kWhole = 1, kHead = 2;
std::uint64_t flags_of(const Message& message) {
  return number(message.body, 1, 1);
}
std::uint64_t id_of(const Message& message) {
  return number(message.body, 4, 4);
}

struct ConsoleViewers : testing::Test, TestLoop {
  void publish(const std::string& jpeg) {
    newest.publish(read_image(jpeg), {});
    settle();
  }
  void adopt(ViewerId id, const SocketPair& sockets, const User& user = {}) {
    consoles.adopt(id, user, {sockets.ours.get(), "", [this] { ++closed; }});
    settle();
  }
  static std::vector<Message> messages(const SocketPair& sockets, int opcode = 0) {
    std::vector<Message> found;
    std::string bytes = sockets.received();
    while (bytes.size() >= 2) {
      std::size_t head = 2, size = bytes[1] & 127;
      if (const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0; more > 0) {
        size = 0;
        for (; head < 2 + more; ++head) size = size << 8 | static_cast<std::uint8_t>(bytes[head]);
      }
      if (opcode == 0 || (bytes[0] & 15) == opcode)
        found.push_back({bytes[0] & 15, bytes.substr(head, size)});
      bytes.erase(0, head + size);
    }
    EXPECT_TRUE(bytes.empty());
    return found;
  }
  static std::vector<Message> updates(const SocketPair& sockets) { return messages(sockets, 2); }
  // Sends a text message, masked with zeros.
  static void send(const SocketPair& sockets, const std::string& text) {
    ASSERT_LT(text.size(), 126u);
    sockets.send("\x81" + std::string(1, static_cast<char>(0x80 | text.size())) +
                 std::string(4, '\0') + text);
  }
  void say(const SocketPair& sockets, const std::string& text) {
    send(sockets, text);
    settle();
  }
  void acknowledge(const SocketPair& sockets, std::uint64_t id) {
    say(sockets, R"({"op":"ack","id":)" + std::to_string(id) + "}");
  }
  std::string actions() const {
    std::array<std::uint8_t, 4096> bytes;
    const auto n = read_some(pipe.read.get(), bytes, "actions");
    return std::string(as_text(Bytes(bytes).first(n.value_or(0))));
  }

  NewestFrame newest{loop};
  Metrics metrics;
  Pipe pipe = make_pipe(O_NONBLOCK);
  Control control{loop, metrics, {}, pipe.write.get(), [this] { consoles.state_changed(); }};
  Audit audit;
  Quota quota{4 << 20, 16 << 20};
  static std::vector<Json::Member> state() { return {{"x", 5}}; }
  Turns turns{loop};
  Consoles consoles{{loop, turns, newest, control, metrics, audit, quota, 10'000'000, state}};
  SocketPair first, second;
  int closed = 0;
};

TEST_F(ConsoleViewers, TheStateComesFirstAndThenTheWholePicture) {
  publish(picture(-1));
  adopt(7, first);
  const auto got = messages(first);
  ASSERT_GE(got.size(), 3u);
  EXPECT_EQ(got[0].opcode, 1);
  EXPECT_EQ(got[0].body, R"({"op":"state","x":5,"you":{"id":7,"role":"control","controller":false,)"
                         R"("login":false,"taken":0,"failed":[]}})");
  EXPECT_EQ(flags_of(got[1]), kHead);
  const std::string& whole = got[2].body;
  EXPECT_EQ(number(whole, 0, 1), 2u) << "version";
  EXPECT_EQ(flags_of(got[2]), kWhole);
  EXPECT_EQ(number(whole, 2, 2), 1u) << "pieces";
  EXPECT_EQ(id_of(got[2]), 1u);
  EXPECT_EQ(number(whole, 8, 8), static_cast<std::uint64_t>(newest.frame()->time_us));
  EXPECT_EQ(number(whole, 20, 2), static_cast<std::uint64_t>(kWidth));
  EXPECT_EQ(number(whole, 22, 2), static_cast<std::uint64_t>(kHeight));
  EXPECT_EQ(number(whole, 28, 4), picture(-1).size());
  EXPECT_EQ(whole.substr(32), picture(-1));
  EXPECT_EQ(metrics.updates, 1u);
}

TEST_F(ConsoleViewers, WhatChangedUntilTheAcknowledgementComesAsOneUpdate) {
  publish(picture(-1));
  adopt(1, first);
  updates(first);
  publish(picture(0));
  publish(picture(5));
  EXPECT_TRUE(updates(first).empty());
  acknowledge(first, 99);
  EXPECT_TRUE(updates(first).empty()) << "another update was acknowledged";
  acknowledge(first, 1);
  const auto got = updates(first);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(flags_of(got[0]), kPieces);
  EXPECT_EQ(id_of(got[0]), 3u);
  EXPECT_EQ(number(got[0].body, 2, 2), 1u);
  EXPECT_EQ(number(got[0].body, 18, 2), 40u)
      << "y of the only piece: the first mark came and went in between";
}

TEST_F(ConsoleViewers, APictureThatDoesNotChangeIsNotSentAgain) {
  publish(picture(-1));
  adopt(1, first);
  acknowledge(first, 1);
  updates(first);
  for (int i = 0; i < 3; ++i) publish(picture(-1));
  pass_us(5'000'000);
  EXPECT_TRUE(updates(first).empty());
  EXPECT_EQ(metrics.updates, 1u);
}

TEST_F(ConsoleViewers, ViewersAtTheSameFrameGetTheSameBytes) {
  publish(picture(-1));
  adopt(1, first);
  adopt(2, second);
  updates(first);
  updates(second);
  acknowledge(first, 1);
  acknowledge(second, 1);
  publish(picture(3));
  const auto one = updates(first), two = updates(second);
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(two.size(), 1u);
  EXPECT_EQ(one[0].body, two[0].body);
}

TEST_F(ConsoleViewers, PicturesCanBeTurnedOffAndComeWholeAgain) {
  publish(picture(-1));
  adopt(1, first);
  acknowledge(first, 1);
  say(first, R"({"op":"picture","mode":"off"})");
  updates(first);
  publish(picture(0));
  EXPECT_TRUE(updates(first).empty());
  say(first, R"({"op":"picture","mode":"on"})");
  const auto got = updates(first);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(flags_of(got[0]), kHead);
  EXPECT_EQ(flags_of(got[1]), kWhole);
}

TEST_F(ConsoleViewers, LinesReachThePipeAndKeysComeUpWhenTheViewerGoes) {
  adopt(1, first);
  say(first, "keydown a");
  EXPECT_EQ(actions(), "keydown a\n");
  first.theirs.reset();
  settle();
  EXPECT_EQ(consoles.size(), 0u);
  EXPECT_EQ(closed, 1);
  EXPECT_EQ(actions(), "keyup k:30\n");
}

TEST_F(ConsoleViewers, AViewersRoleIsKept) {
  adopt(1, first, {"anna", Role::kView});
  messages(first);
  say(first, "key a\nkey b");
  say(first, R"({"op":"control","take":true})");
  EXPECT_EQ(actions(), "");
  EXPECT_FALSE(control.controller());
  const auto got = messages(first, 1);
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(got[0].body, R"({"op":"error","line":1,"why":"your role is view"})");
}

TEST_F(ConsoleViewers, ARefusedLineIsNamedByItsNumber) {
  adopt(1, first);
  pass_us(1'000'000);
  messages(first);
  say(first, "key a\nnonsense\nkey b");
  const auto got = messages(first, 1);
  ASSERT_FALSE(got.empty());
  EXPECT_TRUE(got[0].body.starts_with(R"({"op":"error","line":2,)")) << got[0].body;
}

TEST_F(ConsoleViewers, ControlIsTakenAndGivenUp) {
  adopt(1, first);
  adopt(2, second);
  say(first, R"({"op":"control","take":true})");
  EXPECT_EQ(control.controller(), ViewerId{1});
  say(second, R"({"op":"control","take":true})");
  EXPECT_EQ(control.controller(), ViewerId{2});
  say(second, R"({"op":"control","take":false})");
  EXPECT_FALSE(control.controller());
}

TEST_F(ConsoleViewers, TheStateIsToldFiveTimesASecondAtMost) {
  adopt(1, first);
  pass_us(1'000'000);
  messages(first);
  for (int i = 0; i < 20; ++i) {
    consoles.state_changed();
    pass_us(50'000);
  }
  const std::size_t states = messages(first, 1).size();
  EXPECT_GE(states, 4u);
  EXPECT_LE(states, 6u);
}

TEST_F(ConsoleViewers, ASilentOneIsPingedAndThenDropped) {
  adopt(1, first);
  pass_us(21'000'000);
  EXPECT_EQ(messages(first, 9).size(), 1u);
  pass_us(38'000'000);
  EXPECT_EQ(consoles.size(), 1u);
  pass_us(2'000'000);
  EXPECT_EQ(consoles.size(), 0u);
  EXPECT_EQ(metrics.stalled_viewers, 1u);
}

TEST_F(ConsoleViewers, OneThatTakesNothingIsDropped) {
  publish(small_jpeg(std::string(2 << 20, 'x')));
  adopt(1, first);
  pass_us(9'500'000);
  EXPECT_EQ(consoles.size(), 1u);
  pass_us(1'000'000);
  EXPECT_EQ(consoles.size(), 0u);
  EXPECT_EQ(metrics.stalled_viewers, 1u);
}

// The controller's keys do not wait for the others, whose lines would keep the server busy for far
// longer than they may in a turn of the loop.
TEST_F(ConsoleViewers, TheControllerComesFirst) {
  std::array<SocketPair, 12> crowd;
  for (ViewerId id = 10; const SocketPair& other : crowd) adopt(id++, other, {"", Role::kView});
  adopt(1, first);
  say(first, R"({"op":"control","take":true})");
  pass_us(1'000'000);
  const auto answered = [&] {
    return std::ranges::count_if(crowd, [](const SocketPair& other) {
      return std::ranges::any_of(messages(other, 1), [](const Message& message) {
        return message.body.find("\"error\"") != message.body.npos;
      });
    });
  };
  look_us = 500;
  for (const SocketPair& other : crowd) send(other, "nonsense");
  send(first, "keydown a");
  loop.turn(0);
  EXPECT_EQ(actions(), "keydown a\n") << "in the turn in which it came";
  EXPECT_EQ(answered(), 0);
  send(first, "keyup a");
  loop.turn(0);
  EXPECT_EQ(actions(), "keyup a\n");
  const auto some = answered();
  EXPECT_GE(some, 1);
  EXPECT_LE(some, 4) << "then the loop's turn was over";
  look_us = 0;
  settle();
  EXPECT_EQ(some + answered(), 12) << "each of them has its turn";
}

TEST_F(ConsoleViewers, AUserMayHaveSixteen) {
  std::array<SocketPair, 20> crowd;
  for (ViewerId id = 1; const SocketPair& each : crowd) adopt(id++, each, {"ann", Role::kView});
  EXPECT_EQ(consoles.size(), 16u);
  EXPECT_EQ(closed, 4);
  const auto refused = messages(crowd[16]);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].opcode, 8);
  EXPECT_EQ(refused[0].body, "\x03\xf5this user has 16 WebSockets already");
  adopt(30, first, {"bob", Role::kView});
  EXPECT_EQ(consoles.size(), 17u);
  crowd[0].theirs.reset();
  settle();
  adopt(31, second, {"ann", Role::kView});
  EXPECT_EQ(consoles.size(), 17u) << "one has gone";
}

TEST_F(ConsoleViewers, WithoutLoginsThereMayBeMore) {
  std::array<SocketPair, 20> crowd;
  for (ViewerId id = 1; const SocketPair& each : crowd) adopt(id++, each);
  EXPECT_EQ(consoles.size(), 20u);
}

TEST_F(ConsoleViewers, AreDroppedByTheirUserAndToldGoodbye) {
  adopt(1, first, {"anna", Role::kView});
  adopt(2, second, {"otto", Role::kView});
  consoles.drop_if([](const User& user) { return user.name == "anna"; });
  EXPECT_EQ(consoles.size(), 1u);
  consoles.close_all("the server is stopping");
  settle();
  const auto goodbye = messages(second, 8);
  ASSERT_EQ(goodbye.size(), 1u);
  EXPECT_EQ(goodbye[0].body, "\x03\xe9the server is stopping");
  EXPECT_EQ(consoles.size(), 0u);
}

}  // namespace
}  // namespace kvm
