#include "base/poller.h"

#include <algorithm>
#include <climits>

#include "base/error.h"
#include "base/write_error.h"

namespace kvm {

void Poller::watch(int fd, short events, std::function<void(short)> ready) {
  watched_[fd] = {events, std::move(ready)};
}

void Poller::every(std::chrono::milliseconds interval, std::function<void()> look) {
  interval_ = interval;
  look_ = std::move(look);
}

bool Poller::wait(int fd, short events, Timeout timeout) {
  pollfd wanted{fd, events, 0};
  return wait({&wanted, 1}, timeout);
}

bool Poller::wait(std::span<pollfd> wanted, Timeout timeout) {
  const auto deadline = timeout ? Clock::now() + *timeout : Clock::time_point::max();
  for (;;) {
    const auto until = look_if_due(deadline);
    fds_.assign(wanted.begin(), wanted.end());
    fds_.push_back({stop_.fd(), POLLIN, 0});
    for (const auto& [fd, watched] : watched_) fds_.push_back({fd, watched.events, 0});
    if (poll_until(until) > 0) {
      stop_.check();
      std::copy_n(fds_.begin(), wanted.size(), wanted.begin());
      serve(wanted.size() + 1);
      if (std::any_of(wanted.begin(), wanted.end(),
                      [](const pollfd& fd) { return fd.revents != 0; }))
        return true;
    }
    if (Clock::now() >= deadline) return false;
  }
}

// Calls look_ if it is due. Returns when to wake up: at `deadline`, or earlier if look_ is due
// again before that.
Poller::Clock::time_point Poller::look_if_due(Clock::time_point deadline) {
  if (!look_) return deadline;
  if (Clock::now() - looked_ >= interval_) {
    look_();
    looked_ = Clock::now();
  }
  return std::min(deadline, looked_ + interval_);
}

// Returns the number of descriptors in fds_ that have events; 0 at `until` or on EINTR.
int Poller::poll_until(Clock::time_point until) {
  timespec timeout{};
  if (until != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::nanoseconds>(until - Clock::now()).count();
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (left > 0) timeout = {left / kSecond, left % kSecond};
  }
  const bool forever = until == Clock::time_point::max();
  const int ready = ::ppoll(fds_.data(), fds_.size(), forever ? nullptr : &timeout, nullptr);
  if (ready < 0 && errno != EINTR) throw Error::from_errno("poll");
  return std::max(ready, 0);
}

void Poller::write(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    wait(fd, POLLOUT, std::nullopt);
    // A pipe that poll(2) reports as writable takes PIPE_BUF bytes without blocking.
    const ssize_t n = ::write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (n >= 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR && errno != EAGAIN)
      throw_write_error(fd, name);
  }
}

// Calls the callback of each watched descriptor that has events. In fds_ the watched descriptors
// begin at index `first`. Looks each descriptor up again, because another descriptor's callback may
// have unwatched it.
void Poller::serve(std::size_t first) {
  for (std::size_t i = first; i < fds_.size(); ++i) {
    const auto found = fds_[i].revents == 0 ? watched_.end() : watched_.find(fds_[i].fd);
    if (found == watched_.end()) continue;
    const auto ready = found->second.ready;  // a copy, because the callback may unwatch its own fd
    ready(fds_[i].revents);
  }
}

}  // namespace kvm
