// Decides when a frame is due: pictures at an even rate, repeats of a still screen, and notices
// without crowding.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "capture/rate_gate.h"
#include "jpeg/frame_facts.h"

namespace kvm {

// All times are monotonic µs.
class Pacing {
 public:
  // Pictures have turns at this rate. nullopt: every picture has a turn.
  explicit Pacing(std::optional<double> rate_hz)
      : period_us_(static_cast<std::int64_t>(1e6 / rate_hz.value_or(1e6))) {
    if (rate_hz) gate_.emplace(*rate_hz);
  }

  // Whether a picture that has just arrived has a turn, which means that it is to be written.
  // `now_us` comes from our clock, because a device's timestamps may be wrong. `coming_hz`:
  // pictures that arrive per second; 0: unknown.
  bool has_turn(std::int64_t now_us, double coming_hz) noexcept {
    return !gate_ || gate_->pass(now_us, coming_hz);
  }
  // Call this if the picture of the last turn was damaged: the next picture then takes that turn.
  void return_turn() noexcept {
    if (gate_) gate_->undo();
  }

  // Whether a picture must be written even if it equals the last frame.
  bool repeat_due(std::int64_t now_us, SourceState state) const noexcept {
    return written_us_ == 0 || state != written_state_ ||
           now_us - written_us_ >= (gate_ ? kTurnUs : kRepeatUs);
  }
  // When a notice of `state` is due. If the state is new: at once (0), except in a time lapse (less
  // than one frame a second), whose frames never come early. Otherwise: a second after the last
  // frame, or a period if that is longer.
  std::int64_t notice_due_us(SourceState state) const noexcept {
    if (written_us_ == 0 || (state != written_state_ && period_us_ <= kRepeatUs)) return 0;
    return written_us_ + std::max(kRepeatUs, period_us_);
  }
  void wrote(std::int64_t now_us, SourceState state) noexcept {
    written_us_ = now_us;
    written_state_ = state;
  }

 private:
  static constexpr std::int64_t kRepeatUs = 1'000'000;  // between repeats of a still screen
  // Used instead of kRepeatUs if there is a rate. It is shorter, because turns may come early.
  static constexpr std::int64_t kTurnUs = 950'000;

  std::int64_t period_us_;
  std::optional<RateGate> gate_;
  std::int64_t written_us_ = 0;  // when the last frame began; 0: no frame yet
  SourceState written_state_ = SourceState::kLive;
};

}  // namespace kvm
