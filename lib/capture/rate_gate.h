// Lets an evenly spaced share of the pictures pass, for example 25 of 30 a second.
#pragma once

#include <cmath>
#include <cstdint>

namespace kvm {

class RateGate {
 public:
  // `hz`: pictures a second that may pass, above 0.
  explicit RateGate(double hz) noexcept
      : period_us_(static_cast<std::int64_t>(std::llround(1e6 / hz))) {}

  // Whether a picture that arrives at this time may pass. `coming_hz`: pictures that arrive per
  // second; 0: unknown.
  bool pass(std::int64_t time_us, double coming_hz) noexcept {
    // The picture nearest to each due time passes. So a picture may be early by half the time
    // between two arrivals.
    const auto slack = coming_hz > 0 ? static_cast<std::int64_t>(5e5 / coming_hz) : period_us_ / 8;
    // Start again from now if the clock jumped back or no picture came for a while.
    if (due_us_ - time_us > 2 * period_us_ || time_us - due_us_ > period_us_) due_us_ = time_us;
    if (time_us + slack < due_us_) return false;
    due_us_ += period_us_;
    return true;
  }
  // Call this if the picture that passed last was unusable: the next picture passes instead.
  void undo() noexcept { due_us_ -= period_us_; }

 private:
  std::int64_t period_us_;
  std::int64_t due_us_ = 0;
};

}  // namespace kvm
