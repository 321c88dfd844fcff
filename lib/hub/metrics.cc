#include "hub/metrics.h"

#include "base/text.h"
#include "jpeg/frame_reader.h"

namespace kvm {

void Histogram::add(std::int64_t us) noexcept {
  int bucket = 0;
  while (bucket < kBuckets && us > std::int64_t{1000} << bucket) ++bucket;
  if (bucket < kBuckets) ++counts_[static_cast<std::size_t>(bucket)];
  ++count_;
  sum_s_ += static_cast<double>(us) / 1e6;
}

std::string Histogram::text(const std::string& name) const {
  std::string lines;
  std::uint64_t so_far = 0;
  for (int i = 0; i < kBuckets; ++i) {
    so_far += counts_[static_cast<std::size_t>(i)];
    lines += strf("%s_bucket{le=\"%g\"} %llu\n", name.c_str(), (1 << i) / 1e3,
                  static_cast<unsigned long long>(so_far));
  }
  const auto count = static_cast<unsigned long long>(count_);
  return lines + strf("%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", name.c_str(),
                      count, name.c_str(), sum_s_, name.c_str(), count);
}

std::string Metrics::text(const Gauges& now) const {
  std::string lines;
  const auto type = [&](const char* name, const char* kind, const char* help) {
    lines += strf("# HELP kvm_%s %s\n# TYPE kvm_%s %s\n", name, help, name, kind);
  };
  const auto one = [&](const char* name, const char* kind, const char* help, double value) {
    type(name, kind, help);
    lines += strf("kvm_%s %.15g\n", name, value);
  };
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    one(name, "counter", help, static_cast<double>(value));
  };
  const auto gauge = [&](const char* name, const char* help, double value) {
    one(name, "gauge", help, value);
  };
  const auto histogram = [&](const char* name, const char* help, const Histogram& values) {
    type(name, "histogram", help);
    lines += values.text(std::string("kvm_") + name);
  };
  counter("frames_total", "Whole frames read.", frames);
  counter("frame_bytes_total", "Bytes of them.", frame_bytes);
  type("input_dropped_total", "counter", "What was passed over on stdin.");
  for (int i = 0; i < kDroppedReasons; ++i)
    lines += strf("kvm_input_dropped_total{reason=\"%s\"} %llu\n", name_of(static_cast<Dropped>(i)),
                  static_cast<unsigned long long>(dropped[static_cast<std::size_t>(i)]));
  gauge("fps", "Frames in the last second.", now.fps);
  gauge("source_live", "1 while pictures of the target come in.", now.live);
  if (now.age_s >= 0) gauge("newest_frame_age_seconds", "Since its first pixel.", now.age_s);
  gauge("view_only", "1 when nobody reads the input events.", now.view_only);
  type("viewers", "gauge", "Who watches.");
  lines += strf("kvm_viewers{kind=\"stream\"} %zu\nkvm_viewers{kind=\"console\"} %zu\n",
                now.streams, now.consoles);
  gauge("connections", "Open connections, viewers included.", static_cast<double>(now.connections));
  counter("requests_total", "HTTP requests.", requests);
  counter("snapshots_total", "Snapshots answered with a frame.", snapshots);
  counter("streams_total", "Streams begun.", streams);
  counter("stream_frames_total", "Frames sent to streams.", stream_frames);
  counter("stream_bytes_total", "Bytes sent to streams.", stream_bytes);
  counter("stream_skipped_total", "New pictures that a stream was too slow for.", stream_skipped);
  histogram("stream_age_seconds", "First pixel to last byte sent, streams.", stream_age);
  counter("consoles_total", "WebSockets begun.", websockets);
  counter("updates_total", "Picture updates sent to consoles.", updates);
  counter("update_bytes_total", "Bytes of them.", update_bytes);
  histogram("update_age_seconds", "First pixel to first byte queued, consoles.", update_age);
  counter("stalled_viewers_total", "Viewers dropped because they took nothing.", stalled_viewers);
  counter("actions_total", "Action lines handed on.", actions);
  counter("actions_refused_total", "Action lines refused.", actions_refused);
  counter("keys_released_total", "Keys and buttons released for a viewer.", keys_released);
  counter("logins_total", "Passwords that fitted.", now.logins);
  counter("login_failures_total", "Passwords that did not.", now.login_failures);
  counter("logins_throttled_total", "Logins refused unread.", now.logins_throttled);
  counter("forbidden_total", "Requests under a foreign Host or from a foreign Origin.", forbidden);
  return lines;
}

}  // namespace kvm
