#include "base/loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace kvm {

namespace {

constexpr std::int64_t kForeverUs = 1'000'000'000;  // then the loop wakes up in vain: harmless

// The generation distinguishes events of a closed descriptor from those of a new descriptor that
// has the same number.
std::uint64_t token(int fd, std::uint32_t generation) {
  return static_cast<std::uint64_t>(generation) << 32 | static_cast<std::uint32_t>(fd);
}

}  // namespace

Loop::Loop(std::function<std::int64_t()> clock)
    : clock_(std::move(clock)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
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
  timers_.emplace(std::pair{clock_() + delay_us, ++timer_number_}, std::move(call));
}

void Loop::post(Call call) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(call));
  const std::uint64_t increment = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &increment, sizeof increment);
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

// Runs the timers that are due, except timers that are added meanwhile. Returns the µs until the
// next timer is due.
std::int64_t Loop::run_timers() {
  const std::uint64_t last = timer_number_;
  for (;;) {
    const auto first = timers_.begin();
    if (first == timers_.end()) return kForeverUs;
    const std::int64_t left_us = first->first.first - clock_();
    if (left_us > 0) return left_us;
    if (first->first.second > last) return 0;
    const Call call = std::move(first->second);
    timers_.erase(first);
    call();
  }
}

void Loop::turn(std::int64_t most_us) {
  std::int64_t wait_us = std::min(most_us, run_timers());
  if (!running_) return;
  if (hook_) wait_us = std::min(wait_us, hook_());
  epoll_event events[256];
  const int n = ::epoll_wait(epoll_.get(), events, 256, static_cast<int>((wait_us + 999) / 1000));
  if (n < 0 && errno != EINTR) throw Error::from_errno("epoll_wait");
  for (int i = 0; i < n; ++i) {
    const auto fd = static_cast<int>(events[i].data.u64 & 0xffffffff);
    const auto found = watches_.find(fd);
    if (found == watches_.end() || token(fd, found->second.generation) != events[i].data.u64)
      continue;
    const auto ready = found->second.ready;  // keeps the callback alive if it forgets itself
    (*ready)(events[i].events);
  }
}

void Loop::run() {
  running_ = true;
  while (running_) turn(kForeverUs);
}

}  // namespace kvm
