#include "capture/pattern_source.h"

#include <sys/timerfd.h>

#include <cmath>

#include "base/clock.h"
#include "base/error.h"

namespace kvm {

PatternSource::PatternSource(PatternKind kind, int width, int height, Rate rate)
    : pattern_(kind, width, height), width_(width), height_(height), rate_(rate) {
  timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const auto period_ns = static_cast<std::int64_t>(std::llround(1e9 / rate.hz()));
  const timespec period{period_ns / 1'000'000'000, period_ns % 1'000'000'000};
  itimerspec times{period, {0, 1}};
  if (!timer_ || ::timerfd_settime(timer_.get(), 0, &times, nullptr) < 0)
    throw Error::from_errno("timerfd");
}

void PatternSource::tick(std::int64_t) {
  std::uint64_t expired = 0;
  if (::read(timer_.get(), &expired, sizeof expired) != sizeof expired) return;
  ticks_ += expired;
  newest_.emplace();
  newest_->time_us = unix_us();
  newest_->sequence = ticks_ - 1;
}

View PatternSource::view(const Picture& picture) {
  return pattern_.draw(picture.sequence, picture.time_us);
}

}  // namespace kvm
