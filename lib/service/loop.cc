#include "service/loop.h"

#include <sys/eventfd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace kvm {

namespace {

// The generation tells an event of a descriptor that was closed and handed out again meanwhile.
std::uint64_t token(int fd, std::uint32_t generation) {
  return static_cast<std::uint64_t>(generation) << 32 | static_cast<std::uint32_t>(fd);
}

}  // namespace

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_) throw Error::from_errno("epoll_create1");
  if (!wake_) throw Error::from_errno("eventfd");
  watch(wake_.get(), EPOLLIN, [this](std::uint32_t) { run_posted(); });
}

bool Loop::watch(int fd, std::uint32_t events, Ready ready) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token(fd, ++generation_);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    if (errno == EPERM) return false;
    throw Error::from_errno("epoll_ctl");
  }
  watches_[fd] = {generation_, std::make_shared<Ready>(std::move(ready))};
  return true;
}

void Loop::change(int fd, std::uint32_t events) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = token(fd, found->second.generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) < 0)
    throw Error::from_errno("epoll_ctl");
}

void Loop::forget(int fd) noexcept {
  if (watches_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::after(std::int64_t delay_us, Call call) {
  timers_.emplace(std::pair{monotonic_us() + delay_us, ++timer_number_}, std::move(call));
}

void Loop::post(Call call) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(call));
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
}

void Loop::run_posted() {
  std::uint64_t count;
  [[maybe_unused]] const ssize_t ignored = ::read(wake_.get(), &count, sizeof count);
  std::vector<Call> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (const Call& call : calls) call();
}

// Those that are due, less what they add. Returns milliseconds until the next one; -1: none.
int Loop::run_timers() {
  const std::uint64_t last = timer_number_;
  for (;;) {
    const auto first = timers_.begin();
    if (first == timers_.end()) return -1;
    const std::int64_t left_us = first->first.first - monotonic_us();
    if (left_us > 0) return static_cast<int>(std::min<std::int64_t>(left_us / 1000 + 1, 1'000'000));
    if (first->first.second > last) return 0;
    const Call call = std::move(first->second);
    timers_.erase(first);
    call();
  }
}

void Loop::run() {
  running_ = true;
  epoll_event events[256];
  while (running_) {
    int wait_ms = run_timers();
    if (!running_) break;
    if (hook_) {
      const auto most_ms =
          static_cast<int>(std::min<std::int64_t>((hook_() + 999) / 1000, 1'000'000));
      wait_ms = wait_ms < 0 ? most_ms : std::min(wait_ms, most_ms);
    }
    const int n = ::epoll_wait(epoll_.get(), events, 256, wait_ms);
    if (n < 0 && errno != EINTR) throw Error::from_errno("epoll_wait");
    for (int i = 0; i < n; ++i) {
      const auto fd = static_cast<int>(events[i].data.u64 & 0xffffffff);
      const auto found = watches_.find(fd);
      if (found == watches_.end() || token(fd, found->second.generation) != events[i].data.u64)
        continue;
      const auto ready = found->second.ready;  // it may forget itself
      (*ready)(events[i].events);
    }
  }
}

}  // namespace kvm
