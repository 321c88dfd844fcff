// Time in microseconds, on the two clocks that the tools use.
#pragma once

#include <time.h>

#include <cstdint>

namespace kvm {

inline std::int64_t clock_us(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

// Unix time, as frames and JSON carry it. This clock may jump.
inline std::int64_t unix_us() noexcept {
  return clock_us(CLOCK_REALTIME);
}
// For durations and deadlines. V4L2 timestamps are on this clock
// (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC).
inline std::int64_t monotonic_us() noexcept {
  return clock_us(CLOCK_MONOTONIC);
}

}  // namespace kvm
