// Waits for one thing at a time and meanwhile serves stop signals and watched descriptors. kvm-type
// waits this way while it types, and kvm-capture between two pictures. (A server uses Loop.)
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/signals.h"

namespace kvm {

class Poller {
 public:
  using Timeout = std::optional<std::chrono::microseconds>;  // nullopt: no limit

  // `stop` must outlive the Poller.
  explicit Poller(StopSignals& stop) : stop_(stop) {}

  // From now on wait() calls `ready` with poll(2)'s revents whenever fd has one of `events`, an
  // error or a hang-up. Borrows fd: unwatch() it before it is closed. `ready` may call watch() and
  // unwatch(), but not wait().
  void watch(int fd, short events, std::function<void(short)> ready);
  void unwatch(int fd) noexcept { watched_.erase(fd); }
  // From now on wait() calls `look` about once per `interval`, for changes that no descriptor
  // reports. Replaces the previous `look`; an empty function ends the calls.
  void every(std::chrono::milliseconds interval, std::function<void()> look);

  // Writes all of `text` to a descriptor that may be blocking, and serves the watched descriptors
  // while the reader is slow. Throws Error, which names `name`, and whatever wait() throws.
  void write(int fd, std::string_view text, const std::string& name);

  // Returns true as soon as one of `wanted` has an event, an error or a hang-up, and sets its
  // revents. Returns false after `timeout`. Throws Stopped when a stop signal has arrived.
  bool wait(std::span<pollfd> wanted, Timeout timeout);
  // The same for one descriptor; fd -1 waits until the timeout.
  bool wait(int fd, short events, Timeout timeout);
  void pause(std::chrono::microseconds time) {
    if (time.count() > 0) wait(-1, 0, time);
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    short events;
    std::function<void(short)> ready;
  };
  Clock::time_point look_if_due(Clock::time_point deadline);
  int poll_until(Clock::time_point until);
  void serve(std::size_t first);

  StopSignals& stop_;
  std::chrono::milliseconds interval_{0};
  std::function<void()> look_;
  Clock::time_point looked_;
  std::map<int, Watched> watched_;
  std::vector<pollfd> fds_;  // a member to reuse its memory
};

}  // namespace kvm
