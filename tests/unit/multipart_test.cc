#include "http/multipart.h"

#include <gtest/gtest.h>

#include "small_jpeg.h"
#include "socket_pair.h"
#include "test_loop.h"

namespace kvm {
namespace {

std::string text_of(Pieces pieces, std::size_t step) {
  std::string text;
  std::vector<char> bytes(step);
  while (!pieces.empty()) {
    const std::size_t n = pieces.copy(bytes.data(), step);
    text.append(bytes.data(), n);
    pieces.skip(n);
  }
  return text;
}

TEST(Pieces, AreCopiedInOrderWhateverTheRoom) {
  const Pieces pieces(as_bytes("one"), {}, as_bytes("three"));
  for (std::size_t step = 1; step < 10; ++step) EXPECT_EQ(text_of(pieces, step), "onethree");
  EXPECT_TRUE(Pieces().empty());
  EXPECT_FALSE(Pieces(as_bytes("x")).empty());
}

TEST(Pieces, AreSentInOneGo) {
  const SocketPair sockets;
  Pieces pieces(as_bytes("one"), as_bytes("two"), as_bytes("three"));
  pieces.skip(4);
  EXPECT_EQ(pieces.send(sockets.ours.get()), 7);
  EXPECT_EQ(sockets.received(), "wothree");
}

TEST(Part, TellsAboutItsFrameInHeaderLines) {
  TestLoop test;
  NewestFrame newest(test.loop);
  const FrameFacts facts{unix_us() / 1'000'000 * 1'000'000 - 876'544, 42, SourceState::kNoSignal};
  const std::string jpeg = small_jpeg("data", com_segment(facts));
  newest.publish(read_image(jpeg), facts);
  EXPECT_EQ(as_text(Part(newest.frame()).header()),
            "Content-Type: image/jpeg\r\nContent-Length: " + std::to_string(jpeg.size()) +
                "\r\nX-Timestamp: " + std::to_string(*facts.time_us / 1'000'000) +
                ".123456\r\nX-Kvm-Time: " + std::to_string(*facts.time_us) +
                "\r\n"
                "X-Kvm-State: no-signal\r\nX-UStreamer-Online: false\r\n"
                "X-UStreamer-Width: 16\r\nX-UStreamer-Height: 8\r\nX-Kvm-Sequence: 42\r\n\r\n");
}

}  // namespace
}  // namespace kvm
