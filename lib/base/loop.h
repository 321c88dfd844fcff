// The event loop: descriptors, timers, and calls handed in by other threads.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace kvm {

// Only post() may be called in a thread other than the one that calls run().
class Loop {
 public:
  using Ready = std::function<void(std::uint32_t events)>;
  using Call = std::function<void()>;

  // `clock` returns monotonic µs. A test passes a clock that it sets itself, and calls turn().
  explicit Loop(std::function<std::int64_t()> clock = monotonic_us);

  // Monotonic µs, by the loop's clock.
  std::int64_t now_us() const { return clock_(); }

  // Calls `ready` whenever the borrowed fd has some of `events` (EPOLLIN…), an error or a hang-up,
  // until forget(). Returns false for a regular file, which epoll cannot watch and which is
  // always ready. Throws Error.
  bool watch(int fd, std::uint32_t events, Ready ready);
  // Watches for other events. Does nothing if fd is not watched.
  void change(int fd, std::uint32_t events);
  // Call this before fd is closed. Any callback may call it, including the callback of fd.
  void forget(int fd) noexcept;

  // Runs `call` once, when the delay has passed.
  void after(std::int64_t delay_us, Call call);

  // Runs `call` soon in the loop's thread. May be called from any thread.
  void post(Call call);

  // Calls `hook` once before every wait: the place for work that is done in batches. The hook
  // returns the longest time that the loop may sleep, in µs.
  void before_wait(std::function<std::int64_t()> hook) { hook_ = std::move(hook); }

  // Calls turn() until stop().
  void run();
  // Runs the timers that are due, waits at most `most_us` for a descriptor or the next timer, then
  // serves the descriptors that are ready.
  void turn(std::int64_t most_us);
  void stop() noexcept { running_ = false; }

 private:
  struct Watch {
    std::uint32_t generation;
    std::shared_ptr<Ready> ready;
  };
  std::int64_t run_timers();
  void run_posted();

  std::function<std::int64_t()> clock_;
  Fd epoll_, wake_;
  std::uint32_t generation_ = 0;
  std::uint64_t timer_number_ = 0;
  std::unordered_map<int, Watch> watches_;
  std::map<std::pair<std::int64_t, std::uint64_t>, Call> timers_;  // by time (monotonic µs), number
  std::function<std::int64_t()> hook_;
  std::mutex mutex_;
  std::vector<Call> posted_;  // guarded by mutex_
  bool running_ = true;
};

}  // namespace kvm
