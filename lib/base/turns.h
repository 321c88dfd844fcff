// Shares the event loop's time between clients that can cause work without end.
#pragma once

#include <cstdint>
#include <deque>

#include "base/loop.h"

namespace kvm {

// Work in rotation: all of it together takes a small part of each turn of the loop, however many
// clients ask for it, so that frames, timers and requests are served in between.
class Turns {
 public:
  // µs of a turn of the loop for all calls together, and for each of them.
  static constexpr std::int64_t kAllUs = 2'000, kEachUs = 200;

  explicit Turns(Loop& loop) : loop_(loop) {}

  // Runs `call` once, soon, and after all calls that were asked for earlier. The call does work for
  // about kEachUs, and asks again if that was not all. Each turn of the loop runs calls until
  // kAllUs have passed, and none that is asked for in the meantime. The next turn of the loop goes
  // on with the call that would have been next.
  void ask(Loop::Call call);
  // Monotonic µs: when a call that begins now has worked long enough.
  std::int64_t until_us() const { return loop_.now_us() + kEachUs; }

 private:
  void schedule();
  void run();

  Loop& loop_;
  std::deque<Loop::Call> waiting_;
  bool running_ = false;
};

}  // namespace kvm
