// The server's counters. http/metrics_text.h writes them as text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "jpeg/frame_reader.h"

namespace kvm {

// Counts durations in buckets whose upper bounds are powers of two, from 1 ms to 8.192 s.
class Histogram {
 public:
  static constexpr std::size_t kBuckets = 14;
  static constexpr std::int64_t bound_us(std::size_t bucket) noexcept {
    return std::int64_t{1000} << bucket;
  }

  void add(std::int64_t us) noexcept {
    std::size_t bucket = 0;
    while (bucket < kBuckets && us > bound_us(bucket)) ++bucket;
    if (bucket < kBuckets) ++counts_[bucket];
    ++count_;
    sum_s_ += static_cast<double>(us) / 1e6;
  }

  // Durations in this bucket alone.
  std::uint64_t in(std::size_t bucket) const noexcept { return counts_[bucket]; }
  // All durations, including those above the last bound.
  std::uint64_t count() const noexcept { return count_; }
  double sum_s() const noexcept { return sum_s_; }

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  double sum_s_ = 0;
};

// Counted since the start, by the loop's thread only.
struct Metrics {
  std::uint64_t frames = 0, frame_bytes = 0;
  std::array<std::uint64_t, kDroppedReasons> dropped{};  // by Dropped
  std::uint64_t streams = 0;                             // accepted requests for /stream
  std::uint64_t stream_frames = 0, stream_bytes = 0, stream_skipped = 0, stalled_viewers = 0;
  Histogram stream_age;  // from a frame's first pixel until its last byte went to the kernel
  std::uint64_t websockets = 0, updates = 0, update_bytes = 0;
  Histogram update_age;  // from a frame's first pixel until its update was queued
  std::uint64_t requests = 0, snapshots = 0;
  std::uint64_t actions = 0, actions_refused = 0, keys_released = 0;
  std::uint64_t forbidden = 0;  // requests with a foreign Host or Origin
};

}  // namespace kvm
