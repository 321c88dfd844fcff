#include "hub/actions_out.h"

#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <utility>

namespace kvm {

namespace {
constexpr std::size_t kMostWritten = 64u << 10;
}

ActionsOut::ActionsOut(Loop& loop, int fd, std::function<void()> on_gone)
    : loop_(loop), fd_(fd), on_gone_(std::move(on_gone)) {
  if (::fcntl(fd, F_GETFL) < 0 || (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
    gone_ = true;
    return;
  }
  // Even if no events are asked for, epoll reports when the last reader has gone: on a pipe as an
  // error, on a socket as a hang-up.
  always_ready_ = !loop_.watch(fd, 0, [this](std::uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return lose();
    flush();
  });
}

void ActionsOut::queue(std::string_view line) {
  if (!gone_) pending_.append(line).push_back('\n');
}

void ActionsOut::flush() {
  while (!pending_.empty()) {
    // O_NONBLOCK would also affect the process that shares stdout with us. A pipe that polls
    // writable takes PIPE_BUF bytes without blocking.
    pollfd ready{fd_, POLLOUT, 0};
    if (!always_ready_ && (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)) break;
    const ssize_t n = ::write(fd_, pending_.data() + written_,
                              std::min<std::size_t>(pending_.size() - written_, PIPE_BUF));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return lose();
    written_ += static_cast<std::size_t>(n);
    // Bytes are moved to the front seldom, because a request may have queued a megabyte.
    if (written_ < pending_.size() && written_ < kMostWritten) continue;
    pending_.erase(0, std::exchange(written_, 0));
  }
  if (const bool wait = !pending_.empty(); wait != waiting_ && !always_ready_) {
    waiting_ = wait;
    loop_.change(fd_, wait ? EPOLLOUT : 0u);
  }
}

void ActionsOut::lose() {
  if (gone_) return;
  gone_ = true;
  pending_.clear();
  written_ = 0;
  loop_.forget(fd_);
  on_gone_();
}

}  // namespace kvm
