// Learns the usual time between events, to tell when they have stopped.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kvm {

// All times are monotonic µs.
class UsualInterval {
 public:
  // `least_us`: events never count as stopped in a shorter time.
  explicit UsualInterval(std::int64_t least_us) noexcept : least_us_(least_us) {}

  void came(std::int64_t now_us) noexcept {
    // Events that stopped for long and came back are not usually that far apart.
    if (last_us_ > 0) learn(std::min(now_us - last_us_, 2 * stopped_after_us()));
    last_us_ = now_us;
  }
  // The time until the next event tells nothing, because nobody waits for events now.
  void pause() noexcept { last_us_ = 0; }

  // Events have stopped if none came for this time: three times the usual interval.
  std::int64_t stopped_after_us() const noexcept { return std::max(least_us_, 3 * usual_us_); }

 private:
  void learn(std::int64_t interval_us) noexcept {
    usual_us_ = usual_us_ > 0 ? usual_us_ + (interval_us - usual_us_) / 4 : interval_us;
  }

  std::int64_t least_us_;
  std::int64_t usual_us_ = 0;  // 0: unknown
  std::int64_t last_us_ = 0;   // when the last event came; 0: none since the start or the pause
};

}  // namespace kvm
