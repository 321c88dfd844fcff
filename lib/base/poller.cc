#include "base/poller.h"

#include <algorithm>
#include <climits>

#include "base/error.h"

namespace kvm {

void Poller::watch(int fd, short events, std::function<void(short)> ready) {
  watched_[fd] = {events, std::move(ready)};
}

void Poller::every(std::chrono::milliseconds interval, std::function<void()> look) {
  interval_ = interval;
  look_ = std::move(look);
}

bool Poller::wait(int fd, short events, std::optional<std::chrono::milliseconds> timeout) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = timeout ? Clock::now() + *timeout : Clock::time_point::max();
  for (;;) {
    auto until = deadline;
    if (look_) {
      if (Clock::now() - looked_ >= interval_) {
        look_();
        looked_ = Clock::now();
      }
      until = std::min(deadline, looked_ + interval_);
    }
    fds_.assign({{fd, events, 0}, {stop_.fd(), POLLIN, 0}});
    for (const auto& [watched, what] : watched_) fds_.push_back({watched, what.events, 0});
    int wait_ms = -1;
    if (until != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
      wait_ms = static_cast<int>(std::max<std::int64_t>(left, 0));
    }
    const int n = ::poll(fds_.data(), fds_.size(), wait_ms);
    if (n < 0 && errno != EINTR) throw Error::from_errno("poll");
    if (n > 0) {
      stop_.check();
      const bool ready = fds_[0].revents != 0;
      serve();
      if (ready) return true;
    }
    if (Clock::now() >= deadline) return false;
  }
}

void Poller::write(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    wait(fd, POLLOUT, std::nullopt);
    // So much a pipe that has room takes without blocking.
    const ssize_t n = ::write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (n >= 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR && errno != EAGAIN)
      throw Error::from_errno(name);
  }
}

// The watched are looked up anew: one may have taken another away.
void Poller::serve() {
  for (std::size_t i = 2; i < fds_.size(); ++i) {
    const auto found = fds_[i].revents == 0 ? watched_.end() : watched_.find(fds_[i].fd);
    if (found == watched_.end()) continue;
    const auto call = found->second.ready;
    call(fds_[i].revents);
  }
}

}  // namespace kvm
