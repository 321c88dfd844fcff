#include "http/metrics_text.h"

#include "base/text.h"
#include "jpeg/frame_reader.h"

namespace kvm {

namespace {

// Writes metrics one after the other. Names are given without their prefix, "kvm_".
class Writer {
 public:
  void counter(const char* name, const char* help, std::uint64_t value) {
    metric(name, "counter", help, static_cast<double>(value));
  }
  void gauge(const char* name, const char* help, double value) {
    metric(name, "gauge", help, value);
  }
  void histogram(const char* name, const char* help, const Histogram& values) {
    family(name, "histogram", help);
    std::uint64_t up_to_bound = 0;
    for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
      up_to_bound += values.in(i);
      text_ += strf("kvm_%s_bucket{le=\"%g\"} %llu\n", name,
                    static_cast<double>(Histogram::bound_us(i)) / 1e6,
                    static_cast<unsigned long long>(up_to_bound));
    }
    const auto count = static_cast<unsigned long long>(values.count());
    text_ += strf("kvm_%s_bucket{le=\"+Inf\"} %llu\nkvm_%s_sum %.6f\nkvm_%s_count %llu\n", name,
                  count, name, values.sum_s(), name, count);
  }

  // Writes the header of a metric. sample() then writes its samples, which differ in a label.
  void family(const char* name, const char* kind, const char* help) {
    text_ += strf("# HELP kvm_%s %s\n# TYPE kvm_%s %s\n", name, help, name, kind);
  }
  void sample(const char* name, const char* label, const char* label_value, std::uint64_t value) {
    text_ += strf("kvm_%s{%s=\"%s\"} %llu\n", name, label, label_value,
                  static_cast<unsigned long long>(value));
  }

  std::string take() { return std::move(text_); }

 private:
  void metric(const char* name, const char* kind, const char* help, double value) {
    family(name, kind, help);
    text_ += strf("kvm_%s %.15g\n", name, value);
  }
  std::string text_;
};

void write_source(Writer& to, const Metrics& counted, const Gauges& now) {
  to.counter("frames_total", "Whole frames read.", counted.frames);
  to.counter("frame_bytes_total", "Bytes of whole frames read.", counted.frame_bytes);
  to.family("input_dropped_total", "counter", "Unusable images and garbage skipped on stdin.");
  for (std::size_t i = 0; i < counted.dropped.size(); ++i)
    to.sample("input_dropped_total", "reason", name_of(static_cast<Dropped>(i)),
              counted.dropped[i]);
  to.gauge("fps", "Frames in the last second.", now.fps);
  to.gauge("source_live", "1 while pictures of the target come in.", now.live);
  if (now.age_s >= 0)
    to.gauge("newest_frame_age_seconds", "Time since the first pixel of the newest frame.",
             now.age_s);
}

void write_viewers(Writer& to, const Metrics& counted, const Gauges& now) {
  to.gauge("view_only", "1 when nobody reads the input events.", now.view_only);
  to.family("viewers", "gauge", "Viewers, by kind.");
  to.sample("viewers", "kind", "stream", now.streams);
  to.sample("viewers", "kind", "console", now.consoles);
  to.gauge("connections", "Open connections, viewers included.",
           static_cast<double>(now.connections));
  to.counter("requests_total", "HTTP requests.", counted.requests);
  to.counter("snapshots_total", "Snapshots answered with a frame.", counted.snapshots);
  to.counter("streams_total", "Streams begun.", counted.streams);
  to.counter("stream_frames_total", "Frames sent to streams.", counted.stream_frames);
  to.counter("stream_bytes_total", "Bytes sent to streams.", counted.stream_bytes);
  to.counter("stream_skipped_total", "New pictures that a stream was too slow for.",
             counted.stream_skipped);
  to.histogram("stream_age_seconds", "Time from first pixel to last byte sent, streams.",
               counted.stream_age);
  to.counter("consoles_total", "WebSockets begun.", counted.websockets);
  to.counter("updates_total", "Picture updates sent to consoles.", counted.updates);
  to.counter("update_bytes_total", "Bytes of picture updates sent to consoles.",
             counted.update_bytes);
  to.histogram("update_age_seconds", "Time from first pixel to first byte queued, consoles.",
               counted.update_age);
  to.counter("stalled_viewers_total", "Viewers dropped because they stopped responding.",
             counted.stalled_viewers);
}

void write_control(Writer& to, const Metrics& counted, const LoginCounts& logins) {
  to.counter("actions_total", "Action lines accepted and written.", counted.actions);
  to.counter("actions_refused_total", "Action lines refused.", counted.actions_refused);
  to.counter("keys_released_total", "Keys and buttons released for a viewer.",
             counted.keys_released);
  to.counter("logins_total", "Passwords that were right.", logins.logins);
  to.counter("login_failures_total", "Passwords that were wrong.", logins.failures);
  to.counter("logins_throttled_total", "Logins refused without checking the password.",
             logins.throttled);
  to.counter("forbidden_total", "Requests under a foreign Host or from a foreign Origin.",
             counted.forbidden);
}

}  // namespace

std::string metrics_text(const Metrics& counted, const LoginCounts& logins, const Gauges& now) {
  Writer to;
  write_source(to, counted, now);
  write_viewers(to, counted, now);
  write_control(to, counted, logins);
  return to.take();
}

}  // namespace kvm
