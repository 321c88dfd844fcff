// Counts how often something happened in the last second.
#pragma once

#include <cstdint>
#include <deque>

namespace kvm {

// Times are monotonic µs and must not decrease from call to call.
class RateMeter {
 public:
  void count(std::int64_t now_us) {
    times_us_.push_back(now_us);
    forget_old(now_us);
  }
  int per_second(std::int64_t now_us) {
    forget_old(now_us);
    return static_cast<int>(times_us_.size());
  }

 private:
  void forget_old(std::int64_t now_us) {
    while (!times_us_.empty() && now_us - times_us_.front() > 1'000'000) times_us_.pop_front();
  }
  std::deque<std::int64_t> times_us_;
};

}  // namespace kvm
