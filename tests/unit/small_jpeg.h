// Images that only a marker walker needs to understand, a loop with a clock that the test sets, and
// a pair of sockets: what the tests of frames and viewers share.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "base/loop.h"
#include "jpeg/frame_facts.h"
#include "jpeg/frame_reader.h"

namespace kvm {

// A walkable image of 16 × 8 pixels whose entropy-coded data is `data` (no 0xff in it), with a
// comment right after SOI.
inline std::string small_jpeg(const std::string& data, const std::string& comment = "") {
  static const unsigned char head[] = {0xff, 0xc0, 0, 17,   8, 0, 8,    0, 16,   3,    1,
                                       0x22, 0,    2, 0x11, 1, 3, 0x11, 1, 0xff, 0xda, 0,
                                       12,   3,    1, 0,    2, 0, 3,    0, 0,    63,   0};
  return "\xff\xd8" + comment + std::string(reinterpret_cast<const char*>(head), sizeof head) +
         data + "\xff\xd9";
}

// The image as FrameReader would return it.
inline JpegImage read_image(const std::string& jpeg) {
  JpegImage image;
  image.memory = std::make_unique<std::uint8_t[]>(jpeg.size());
  std::memcpy(image.memory.get(), jpeg.data(), jpeg.size());
  EXPECT_EQ(walk_jpeg(as_bytes(jpeg), image.info), JpegWalk::kDone);
  return image;
}

// A loop whose time passes only when the test says so.
struct TestLoop {
  std::int64_t now_us = 1'000'000'000;
  Loop loop{[this] { return now_us; }};

  // Runs everything that is due or ready now.
  void settle() {
    for (int i = 0; i < 5; ++i) loop.turn(0);
  }
  // Lets time pass in steps of 50 ms. No timer under test is shorter.
  void pass_us(std::int64_t us) {
    for (const std::int64_t end_us = now_us + us; now_us < end_us;) {
      now_us = std::min(end_us, now_us + 50'000);
      settle();
    }
  }
};

// A connected pair of non-blocking stream sockets.
struct SocketPair {
  SocketPair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  // Reads all bytes that wait at `theirs`.
  std::string received() const {
    std::string all;
    char bytes[65536];
    for (ssize_t n; (n = ::recv(theirs.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
      all.append(bytes, static_cast<std::size_t>(n));
    return all;
  }
  void send(const std::string& bytes) const {
    EXPECT_EQ(::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  Fd ours, theirs;
};

}  // namespace kvm
