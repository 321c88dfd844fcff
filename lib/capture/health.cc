#include "capture/health.h"

#include <algorithm>

#include "base/text.h"

namespace kvm {

namespace {

constexpr std::int64_t kStartUs = 5'000'000;  // the time that the first picture may take
// A source that delivers only damaged pictures for this time is stalled. The time is short enough
// to tell people within a second.
constexpr std::int64_t kDamagedUs = 700'000;
constexpr double kDamagedPictures = 3;  // the same for a slow device, in picture periods

Exit exit_for(SourceState state) {
  return state == SourceState::kNoDevice ? Exit::kNoInput : Exit::kBusy;
}

}  // namespace

Health::Health(std::string name, HealthOptions options, std::int64_t now_us)
    : name_(std::move(name)), options_(options), good_us_(now_us) {}

void Health::picture_came(std::int64_t now_us) noexcept {
  seen_ = true;
  if (damage_ == JpegFault::kNone) good_us_ = now_us;
}

void Health::picture_good(std::int64_t now_us) noexcept {
  damage_ = JpegFault::kNone;
  good_us_ = now_us;
}

Verdict Health::observe(const Observation& source) {
  Verdict verdict;
  Trouble now = judge(source);
  if (now.state == SourceState::kLive) {
    if (state_ != SourceState::kLive) verdict.say = name_ + ": live";
  } else {
    const std::string line = name_ + ": " + name_of(now.state) + ": " + now.reason;
    if (options_.exit_on_loss && !starting(source)) {
      verdict.give_up = Error(exit_for(now.state), line);
      return verdict;
    }
    // The reason for a missing device may change: first unplugged, then busy.
    const bool another_reason = now.state == SourceState::kNoDevice && line != said_;
    if (now.state != state_ || another_reason) verdict.say = said_ = line;
  }
  state_ = now.state;
  verdict.give_up = timed_out(now, source.now_us);
  if (now.state != SourceState::kLive) verdict.trouble = std::move(now);
  return verdict;
}

Trouble Health::judge(const Observation& source) const {
  if (source.state == SourceState::kLive && only_damaged(source))
    return {SourceState::kStalled,
            std::string("the pictures that come are damaged: ") + name_of(damage_)};
  return {source.state, source.reason};
}

bool Health::starting(const Observation& source) const noexcept {
  return !seen_ && source.state != SourceState::kNoDevice && source.now_us - good_us_ < kStartUs;
}

bool Health::only_damaged(const Observation& source) const noexcept {
  if (damage_ == JpegFault::kNone) return false;
  const double periods_us = source.hz > 0 ? kDamagedPictures * 1e6 / source.hz : 0;
  return static_cast<double>(source.now_us - good_us_) >= std::max<double>(kDamagedUs, periods_us);
}

std::optional<Error> Health::timed_out(const Trouble& now, std::int64_t now_us) const {
  const double waited_s = static_cast<double>(now_us - good_us_) / 1e6;
  if (options_.timeout_s <= 0 || waited_s < options_.timeout_s) return std::nullopt;
  return Error(exit_for(now.state),
               name_ + strf(": no picture for %.3g s: ", waited_s) +
                   (now.state == SourceState::kLive ? "the device delivers none" : now.reason));
}

std::int64_t Health::deadline_us() const noexcept {
  if (options_.timeout_s <= 0) return INT64_MAX;
  return good_us_ + static_cast<std::int64_t>(options_.timeout_s * 1e6);
}

}  // namespace kvm
