// When a frame is due: an even rate, repeats of a still screen, notices that do not crowd.
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
  // nullopt: every picture has a turn.
  explicit Pacing(std::optional<double> rate_hz)
      : period_us_(static_cast<std::int64_t>(1e6 / rate_hz.value_or(1e6))) {
    if (rate_hz) gate_.emplace(*rate_hz);
  }

  // Whether a picture that has just arrived has a turn. The time is of our clock: a device's
  // timestamps may be wrong. `coming_hz`: pictures a second that come; 0: unknown.
  bool has_turn(std::int64_t now_us, double coming_hz) noexcept {
    return !gate_ || gate_->pass(now_us, coming_hz);
  }
  // The picture of the last turn was damaged, so the next picture takes the turn.
  void return_turn() noexcept {
    if (gate_) gate_->undo();
  }

  // Whether a picture is written even though it is the same as the last frame.
  bool repeat_due(std::int64_t now_us, SourceState state) const noexcept {
    return written_us_ == 0 || state != written_state_ ||
           now_us - written_us_ >= (gate_ ? kTurnUs : kRepeatUs);
  }
  // When a notice of `state` is due: at once if the state is new, except in a time lapse, which
  // writes nothing out of turn; else a second or one period after the last frame.
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
  static constexpr std::int64_t kTurnUs = 950'000;      // the same with a rate: turns may be early

  std::int64_t period_us_;
  std::optional<RateGate> gate_;
  std::int64_t written_us_ = 0;  // when the last frame began; 0: no frame yet
  SourceState written_state_ = SourceState::kLive;
};

}  // namespace kvm
