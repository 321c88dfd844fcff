#include "http/streams.h"

#include <gtest/gtest.h>

#include "small_jpeg.h"
#include "socket_pair.h"
#include "test_loop.h"

namespace kvm {
namespace {

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t n = 0;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++n;
  return n;
}

// The number of whole parts.
std::size_t parts(const std::string& stream) {
  return count(stream, "\xff\xd9\r\n--kvm-");
}

std::string boundary_in(const std::string& stream) {
  const std::string before = "Content-Type: multipart/x-mixed-replace;boundary=";
  const auto at = stream.find(before);
  if (at == stream.npos) return {};
  return stream.substr(at + before.size(), stream.find("\r\n", at) - at - before.size());
}

struct StreamViewers : testing::Test, TestLoop {
  void publish(const std::string& data) {
    newest.publish(read_image(small_jpeg(data)), {});
    settle();
  }
  // Publishes an image that is too large for any socket buffer and ends with `last`.
  void publish_large(char last) { publish(std::string(2 << 20, '.') + last); }
  void watch(const SocketPair& sockets, Streams::Wish wish = {}, const User& user = {}) {
    streams.adopt({sockets.ours.get(), [this] { ++done; }}, user, std::move(wish),
                  {{"X-Extra", "yes"}});
    settle();
  }
  // Reads everything that can be sent at this moment.
  std::string drain(const SocketPair& sockets) {
    std::string all;
    for (std::string more; !(more = sockets.received()).empty(); settle()) all += more;
    return all;
  }

  NewestFrame newest{loop};
  Metrics metrics;
  Audit audit;
  // Without more parts at the start: what a test counts follows from the pictures alone.
  Streams streams{loop, newest, metrics, audit, {.first_parts = 0}};
  SocketPair first, second;
  int done = 0;
};

TEST_F(StreamViewers, TheAnswerIsItsHeadAndThenAPartForEachFrame) {
  watch(first);
  const std::string head = first.received(), boundary = boundary_in(head);
  EXPECT_TRUE(
      head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=kvm-"));
  EXPECT_TRUE(head.ends_with("X-Extra: yes\r\n\r\n--" + boundary + "\r\n"));
  publish("a");
  const std::string part = first.received();
  EXPECT_TRUE(part.starts_with("Content-Type: image/jpeg\r\nContent-Length: "));
  EXPECT_TRUE(part.ends_with("\r\n\r\n" + small_jpeg("a") + "\r\n--" + boundary + "\r\n"));
  EXPECT_EQ(metrics.stream_frames, 1u);
  EXPECT_EQ(metrics.stream_bytes, head.size() + part.size());
}

TEST_F(StreamViewers, AllGetTheSamePartAndALateOneTheNewestAtOnce) {
  watch(first);
  first.received();
  publish("a");
  watch(second);
  const std::string part = first.received(), late = second.received();
  EXPECT_EQ(parts(part), 1u);
  const std::string whole = part.substr(0, part.rfind("\r\n--"));
  EXPECT_TRUE(late.ends_with(whole + "\r\n--" + boundary_in(late) + "\r\n"));
}

TEST_F(StreamViewers, EachHasABoundaryOf128RandomBits) {
  watch(first);
  watch(second);
  const std::string one = boundary_in(first.received()), other = boundary_in(second.received());
  ASSERT_GE(one.size(), 32u);
  ASSERT_LE(one.size(), 70u) << "RFC 2046, 5.1.1";
  EXPECT_EQ(one.find_last_not_of("0123456789abcdef"), 3u) << one;
  EXPECT_NE(one.substr(one.size() - 32), other.substr(other.size() - 32));
}

TEST_F(StreamViewers, APictureThatMayHoldABoundaryIsNotShown) {
  watch(first);
  watch(second);
  const std::string known = boundary_in(first.received());
  second.received();
  testing::internal::CaptureStderr();
  // The hostile source is a viewer too, so it knows a boundary, and imitates that of another.
  for (const std::string& text : {known, known.substr(0, known.size() - 32) + "0123"})
    publish("\r\n--" + text + "\r\nContent-Type: text/html\r\n\r\n<script>");
  pass_us(2'000'000);
  EXPECT_EQ(first.received() + second.received(), "");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(count(said, "imitates a boundary"), 1u) << said;
  publish("harmless");
  EXPECT_EQ(parts(second.received()), 1u);
}

TEST_F(StreamViewers, APictureAloneIsRepeatedOnceSoThatABrowserShowsIt) {
  watch(first);
  first.received();
  publish("a");
  pass_us(50'000);
  EXPECT_EQ(parts(first.received()), 2u);
  pass_us(900'000);
  EXPECT_EQ(parts(first.received()), 0u);
  for (int i = 0; i < 20; ++i) {
    publish(std::to_string(i));
    now_us += 40'000;
    settle();
  }
  EXPECT_EQ(parts(first.received()), 20u) << "a moving picture needs no repeats";
  pass_us(100'000);
  EXPECT_EQ(parts(first.received()), 1u);
}

TEST_F(StreamViewers, TheRepeatComesWhateverTheCap) {
  watch(first, {1, ""});
  first.received();
  publish("a");
  pass_us(100'000);
  EXPECT_EQ(parts(first.received()), 2u);
  publish("b");
  pass_us(500'000);
  EXPECT_EQ(parts(first.received()), 2u) << "the second frame may follow the first at once";
  publish("c");
  pass_us(200'000);
  EXPECT_EQ(parts(first.received()), 0u);
  pass_us(600'000);
  EXPECT_EQ(parts(first.received()), 2u);
}

TEST_F(StreamViewers, ASlowMotionIsNotRepeatedPictureByPicture) {
  watch(first);
  first.received();
  publish("still");
  pass_us(500'000);
  first.received();
  for (int i = 0; i < 20; ++i) {
    publish(std::to_string(i));
    pass_us(100'000);
  }
  EXPECT_EQ(parts(first.received()), 21u) << "the first picture was alone for 100 ms";
  pass_us(50'000);
  EXPECT_EQ(parts(first.received()), 1u);
}

TEST_F(StreamViewers, AdvanceHeadersEndEachPartAndReplaceTheRepeat) {
  watch(first, {0, "", true});
  watch(second, {0, "", true, true});
  const std::string head = first.received(), boundary = boundary_in(head);
  second.received();
  const std::string between = "\r\n--" + boundary + "\r\nContent-Type: image/jpeg\r\n\r\n";
  EXPECT_TRUE(head.ends_with("\r\n" + between));
  publish("a");
  pass_us(500'000);
  EXPECT_EQ(first.received(), small_jpeg("a") + between);
  EXPECT_EQ(parts(second.received()), 2u) << "dual_final_frames asks for the repeat";
}

TEST_F(StreamViewers, TheFirstPartsComeQuicklyOnAStillScreenToo) {
  Streams eager(loop, newest, metrics, audit, {});
  publish("a");
  eager.adopt({first.ours.get(), [] {}}, {}, {}, {});
  for (int i = 0; i < 100; ++i) {
    now_us += 10'000;
    settle();
  }
  const std::size_t early = parts(first.received());
  EXPECT_GE(early, 24u);
  EXPECT_LE(early, 31u);
  pass_us(1'000'000);
  first.received();
  pass_us(3'000'000);
  EXPECT_EQ(parts(first.received()), 3u);
}

TEST_F(StreamViewers, APictureThatDoesNotChangeIsSentOnceASecond) {
  watch(first);
  for (int i = 0; i < 25; ++i) {
    publish("same");
    pass_us(100'000);
  }
  EXPECT_EQ(parts(first.received()), 4u) << "with the repeat after 50 ms";
  pass_us(1'100'000);
  EXPECT_EQ(parts(first.received()), 1u) << "without new frames, too";
}

TEST_F(StreamViewers, ARestingSourceIsNotShown) {
  publish("a");
  newest.rest();
  watch(first);
  pass_us(2'000'000);
  EXPECT_EQ(parts(first.received()), 0u);
  publish("a");
  EXPECT_EQ(parts(first.received()), 1u);
}

TEST_F(StreamViewers, TheRateIsCappedAndASteadyOneLosesNothing) {
  watch(first, {2, ""});
  watch(second, {10, ""});
  for (int i = 0; i < 30; ++i) {
    publish(std::to_string(i));
    pass_us(100'000);
  }
  // The second frame may follow the first at once; then one comes every half second. Seven of these
  // eight are repeated, because no other follows them soon.
  EXPECT_EQ(parts(first.received()), 15u);
  EXPECT_EQ(parts(second.received()), 31u);
  EXPECT_EQ(metrics.stream_skipped, 0u) << "nobody was too slow";
}

TEST_F(StreamViewers, ASlowOneSkipsToTheNewestAndHoldsNobodyUp) {
  watch(first);
  watch(second);
  std::string quick;
  for (const char last : {'a', 'b', 'c', 'd'}) {
    publish_large(last);
    quick += drain(second);
  }
  EXPECT_EQ(parts(quick), 4u);
  const std::string slow = drain(first);
  EXPECT_EQ(parts(slow), 2u);
  EXPECT_EQ(count(slow, "a\xff\xd9"), 1u);
  EXPECT_EQ(count(slow, "d\xff\xd9"), 1u);
  EXPECT_EQ(metrics.stream_skipped, 2u);
}

TEST_F(StreamViewers, OneThatTakesNothingIsDropped) {
  watch(first);
  watch(second);
  publish_large('a');
  drain(second);
  pass_us(9'800'000);
  EXPECT_EQ(streams.size(), 2u);
  drain(second);
  pass_us(500'000);
  EXPECT_EQ(streams.size(), 1u);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(metrics.stalled_viewers, 1u);
}

TEST_F(StreamViewers, OneThatHasGoneIsForgotten) {
  watch(first);
  first.theirs.reset();
  settle();
  EXPECT_EQ(streams.size(), 0u);
  EXPECT_EQ(done, 1);
  publish("a");
}

TEST_F(StreamViewers, OneThatTalksIsHeardForAWhileOnly) {
  watch(first);
  first.send("GET / HTTP/1.1\r\n\r\n");
  settle();
  EXPECT_EQ(streams.size(), 1u);
  first.send(std::string(100'000, 'x'));
  settle();
  EXPECT_EQ(streams.size(), 0u);
}

TEST_F(StreamViewers, TheEndComesBehindTheFrameThatIsOnItsWay) {
  watch(first);
  watch(second);
  publish_large('a');
  drain(second);
  streams.finish();
  settle();
  EXPECT_EQ(streams.size(), 1u);
  publish_large('b');
  EXPECT_EQ(parts(drain(first)), 1u);
  EXPECT_EQ(streams.size(), 0u);
  EXPECT_EQ(done, 2);
}

TEST_F(StreamViewers, AreDroppedByTheirUser) {
  watch(first, {}, {"anna", Role::kView});
  watch(second, {}, {"otto", Role::kView});
  streams.drop_if([](const User& user) { return user.name == "anna"; });
  EXPECT_EQ(streams.size(), 1u);
  EXPECT_EQ(done, 1);
}

TEST_F(StreamViewers, AreListedWithTheirKeyIfItIsAShortWord) {
  watch(first, {0, "page-1"});
  watch(second, {0, "not a word"});
  const std::string head = first.received();
  EXPECT_EQ(
      count(head, "Set-Cookie: stream_client=page-1/0000000000000001; Path=/; Max-Age=30\r\n"), 1u);
  EXPECT_EQ(count(second.received(), "Set-Cookie"), 0u);
  for (int i = 0; i < 3; ++i) publish(std::to_string(i));
  const auto flags = [](const char* key) {
    return std::string(R"({"fps":3,"extra_headers":false,"advance_headers":false,)") +
           R"("dual_final_frames":false,"zero_data":false,"key":")" + key + "\"}";
  };
  EXPECT_EQ(streams.clients().text(), R"({"0000000000000002":)" + flags("0") +
                                          R"(,"0000000000000001":)" + flags("page-1") + "}");
}

}  // namespace
}  // namespace kvm
