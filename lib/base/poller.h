// Waits for one thing while others are served: a text is typed, and the stop signals, the LEDs and
// the cable are still heard.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/signals.h"

namespace kvm {

class Poller {
 public:
  // `stop` outlives this.
  explicit Poller(StopSignals& stop) : stop_(stop) {}

  // Calls `ready` with poll(2)'s revents from wait() whenever fd has one of `events`, an error or
  // has hung up. The fd is borrowed: unwatch() it before it is closed. Both may be called from a
  // `ready`; wait() may not.
  void watch(int fd, short events, std::function<void(short)> ready);
  void unwatch(int fd) noexcept { watched_.erase(fd); }
  // Calls `look` from wait() about so often, for what no descriptor tells. One at a time.
  void every(std::chrono::milliseconds interval, std::function<void()> look);

  // Writes all of it to a descriptor that need not be non-blocking; meanwhile, however slow its
  // reader, the others are served. Throws Error naming `name`, and as wait() does.
  void write(int fd, std::string_view text, const std::string& name);

  // True as soon as fd has one of `events` (or has hung up), false when the time is up; nullopt is
  // for ever; fd -1 only lets time pass. Throws Stopped when a stop signal has come.
  bool wait(int fd, short events, std::optional<std::chrono::milliseconds> timeout);
  void pause(std::chrono::milliseconds time) {
    if (time.count() > 0) wait(-1, 0, time);
  }

 private:
  struct Watched {
    short events;
    std::function<void(short)> ready;
  };
  void serve();

  StopSignals& stop_;
  std::chrono::milliseconds interval_{0};
  std::function<void()> look_;
  std::chrono::steady_clock::time_point looked_;
  std::map<int, Watched> watched_;
  std::vector<pollfd> fds_;  // kept for its memory
};

}  // namespace kvm
