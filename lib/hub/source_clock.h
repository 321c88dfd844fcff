// How far the clock of the frames' source is from ours, estimated from the frames' arrivals.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace kvm {

// A source may be another machine, whose clock may be wrong, may be set while frames come, or may
// count from the machine's start (mjpg-streamer). The quickest of the recent frames shows the
// difference: if it seems to have taken less than no time or more than kPlausibleUs, the clock is
// wrong by that. A plausible delay is believed, because a source on this machine has our clock.
class SourceClock {
 public:
  // A frame arrived. `stamp_us`: its time by the source's clock; `unix_us`, `now_us`: the time of
  // its arrival, by our unix clock and monotonic. Returns how long ago its first pixel was, in µs;
  // at least 0.
  std::int64_t delay_us(std::int64_t stamp_us, std::int64_t unix_us, std::int64_t now_us) noexcept {
    const std::int64_t took_us = unix_us - stamp_us;
    if (took_us - least_us() > kJumpUs) quickest_ = {kNever, kNever};  // a clock was set
    if (now_us - began_us_ >= kSpanUs) {
      quickest_ = {kNever, quickest_[0]};
      began_us_ = now_us;
    }
    quickest_[0] = std::min(quickest_[0], took_us);
    return took_us - error_us();
  }

  // A time by the source's clock as unix time of ours.
  std::int64_t unix_time(std::int64_t stamp_us) const noexcept { return stamp_us + error_us(); }

 private:
  static constexpr std::int64_t kPlausibleUs = 2'000'000;
  // A frame that took this much longer than the quickest did not wait on its way: pipes and
  // sockets hold no more than a few frames.
  static constexpr std::int64_t kJumpUs = 30'000'000;
  // The quickest frame counts for this time, and at most for twice this time, so that the estimate
  // follows clocks that drift apart.
  static constexpr std::int64_t kSpanUs = 60'000'000;
  static constexpr std::int64_t kNever = INT64_MAX / 2;

  std::int64_t least_us() const noexcept { return std::min(quickest_[0], quickest_[1]); }
  // Ours minus the source's; 0 while its clock may be right.
  std::int64_t error_us() const noexcept {
    const std::int64_t least = least_us();
    return least == kNever || (least >= 0 && least <= kPlausibleUs) ? 0 : least;
  }

  // The least time that a frame seemed to take: in this span, and in the one before.
  std::array<std::int64_t, 2> quickest_{kNever, kNever};
  std::int64_t began_us_ = 0;  // this span, monotonic
};

}  // namespace kvm
