// A connection whose two ends a test holds.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "base/fd.h"

namespace kvm {

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
