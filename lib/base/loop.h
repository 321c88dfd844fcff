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

// Everything but post() belongs to the thread that calls run().
class Loop {
 public:
  using Ready = std::function<void(std::uint32_t events)>;
  using Call = std::function<void()>;

  // `clock` gives monotonic µs; a test hands in a clock of its own and calls turn().
  explicit Loop(std::function<std::int64_t()> clock = monotonic_us);

  // Monotonic µs, by the loop's clock.
  std::int64_t now_us() const { return clock_(); }

  // Calls `ready` with epoll's events (EPOLLIN…) until forgotten. false: this kind of file cannot
  // be waited for (a regular file), it is always ready. Throws Error.
  bool watch(int fd, std::uint32_t events, Ready ready);
  void change(int fd, std::uint32_t events);
  // Before the descriptor is closed. Safe inside any callback, its own included.
  void forget(int fd) noexcept;

  void after(std::int64_t delay_us, Call call);

  // Runs `call` in the loop's thread, soon. From any thread.
  void post(Call call);

  // Called once before every wait: the place for what is done a batch at a time. Returns how long
  // the loop may sleep at most, in µs.
  void before_wait(std::function<std::int64_t()> hook) { hook_ = std::move(hook); }

  // Until stop().
  void run();
  // Once round: the timers that are due, then the descriptors that are ready. Sleeps for `most_us`
  // at most while there are none.
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
  std::map<std::pair<std::int64_t, std::uint64_t>, Call> timers_;  // by when (monotonic µs), number
  std::function<std::int64_t()> hook_;
  std::mutex mutex_;
  std::vector<Call> posted_;  // guarded by mutex_
  bool running_ = true;
};

}  // namespace kvm
