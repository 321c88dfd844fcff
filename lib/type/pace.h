// The limit on how fast a text is typed.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "type/report_sink.h"

namespace kvm {

// Lets at most `rate` characters a second pass: each is due a fixed time after the one before.
class Pace {
 public:
  // `rate`: characters a second; 0: no limit.
  explicit Pace(double rate) : interval_us_(rate > 0 ? 1e6 / rate : 0), due_us_(now_us()) {}
  // Waits until the next character is due.
  void wait(ReportSink& sink) {
    if (interval_us_ <= 0) return;
    const double now = now_us();
    if (due_us_ > now) sink.pause(std::chrono::milliseconds(std::llround((due_us_ - now) / 1000)));
    due_us_ = std::max(due_us_, now) + interval_us_;
  }

 private:
  static double now_us() noexcept { return static_cast<double>(monotonic_us()); }
  double interval_us_, due_us_;
};

}  // namespace kvm
