// The engine: writes a frame of the source's newest picture whenever the reader is ready.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/poller.h"
#include "capture/frame_maker.h"
#include "capture/health.h"
#include "capture/output.h"
#include "capture/pacing.h"
#include "capture/source.h"
#include "capture/statistics.h"

namespace kvm {

struct CaptureOptions {
  EncoderOptions encoder;
  PassThrough pass_through = PassThrough::kAsIs;
  HealthOptions health;
  std::optional<double> rate_hz;  // at most this many frames a second, evenly spaced
  std::int64_t skip = 0;          // leave out this many pictures at the start
  std::int64_t count = 0;         // above 0: stop after this many frames, and write no notices
  bool all_frames = false;        // repeat pictures that did not change
  bool verbose = false;           // report the statistics every five seconds
};

class Capture {
 public:
  // Borrows `source`, `output` and `poller`. Messages call the source `name`.
  Capture(const std::string& name, CaptureSource& source, FrameOutput& output,
          const CaptureOptions& options, Poller& poller);

  // Returns when the count is reached. On a stop signal, takes at most a second to finish the frame
  // that is being written, and throws Stopped. Throws Error when it gives up (no device: 66; no
  // signal or no picture: 75), and when the source or the output fails.
  void run();

 private:
  void turn();
  bool enough() const noexcept { return options_.count > 0 && frames_ >= options_.count; }
  bool notices() const noexcept { return trouble_ && !options_.count; }
  void arrive(Picture picture);
  void watch_health();
  void send();
  void send_picture(Picture picture);
  void write(const MadeFrame& frame);
  void wait();
  void finish_frame(Poller::Timeout limit);
  void report();

  const std::string name_;
  CaptureSource& source_;
  FrameOutput& output_;
  const CaptureOptions options_;
  Poller& poller_;

  std::int64_t now_us_;  // monotonic, at the last wake-up
  FrameMaker maker_;
  Health health_;
  Pacing pacing_;
  Statistics statistics_;
  std::optional<Picture> waiting_;   // the newest picture, not yet encoded
  std::optional<Trouble> trouble_;   // why the screen is not visible; nullopt: it is visible
  std::int64_t retry_us_ = 0;        // when to check again whether the output is ready; 0: no need
  std::int64_t retry_after_us_ = 0;  // the delay before that check
  std::int64_t reported_us_;
  std::int64_t frames_ = 0;
  std::int64_t skipped_ = 0;
};

}  // namespace kvm
