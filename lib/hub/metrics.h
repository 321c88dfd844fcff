// What the server counts, and its text form for Prometheus.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace kvm {

// Durations by power of two, from 1 ms.
class Histogram {
 public:
  static constexpr int kBuckets = 14;  // … 8.192 s
  void add(std::int64_t us) noexcept;
  std::string text(const std::string& name) const;

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  double sum_s_ = 0;
};

// Written by the loop's thread only.
struct Metrics {
  std::uint64_t frames = 0, frame_bytes = 0;
  std::array<std::uint64_t, 4> dropped{};  // by Dropped
  std::uint64_t streams = 0;               // /stream requests taken
  std::uint64_t stream_frames = 0, stream_bytes = 0, stream_skipped = 0, stalled_viewers = 0;
  Histogram stream_age;  // first pixel to last byte handed to the kernel
  std::uint64_t websockets = 0, updates = 0, update_bytes = 0;
  Histogram update_age;
  std::uint64_t requests = 0, snapshots = 0;
  std::uint64_t actions = 0, actions_refused = 0, keys_released = 0;
  std::uint64_t forbidden = 0;

  struct Gauges {
    std::size_t streams, consoles, connections;
    int fps;
    bool live, view_only;
    double age_s;  // of the newest frame; negative: there is none
    std::uint64_t logins, login_failures, logins_throttled;
  };
  // Prometheus text format 0.0.4.
  std::string text(const Gauges& now) const;
};

}  // namespace kvm
