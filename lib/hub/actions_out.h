// Queues action lines for a file descriptor (stdout), so that the event loop never blocks on a slow
// reader.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/loop.h"

namespace kvm {

class ActionsOut {
 public:
  // Borrows fd, which may stay blocking. Calls `on_gone` once, when the reader of fd has gone. If
  // fd is not open for writing, gone() is true from the start.
  ActionsOut(Loop& loop, int fd, std::function<void()> on_gone);

  // Whether the reader has gone; write() then discards its lines.
  bool gone() const noexcept { return gone_; }
  // Whether more than 64 KiB wait for the reader; the caller should then queue only short,
  // necessary lines.
  bool full() const noexcept { return pending_.size() - written_ > (64u << 10); }
  bool empty() const noexcept { return pending_.empty(); }

  // Queues a line, given without its '\n'. It may not be written before flush().
  void queue(std::string_view line);
  // Writes as much as the reader takes now.
  void flush();

 private:
  void lose();

  Loop& loop_;
  int fd_;
  std::function<void()> on_gone_;
  std::string pending_;
  std::size_t written_ = 0;  // bytes of pending_ that the reader has taken
  bool gone_ = false;
  bool always_ready_ = false;  // a regular file, which epoll cannot watch
  bool waiting_ = false;       // EPOLLOUT is asked for
};

}  // namespace kvm
