// The engine: from a source's newest picture to a frame that its reader wants.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/signals.h"
#include "capture/output.h"
#include "capture/rate_gate.h"
#include "capture/source.h"
#include "picture/encoder.h"
#include "picture/notice.h"
#include "picture/retile.h"

namespace kvm {

struct CaptureOptions {
  EncoderOptions encoder;
  std::optional<double> rate_hz;  // at most so many frames a second, evenly
  std::int64_t count = 0;         // stop after so many; then they are live ones only. 0: never
  bool all_frames = false;        // repeat pictures that did not change
  double timeout_s = 0;           // give up after so long without a live picture. 0: never
  bool exit_on_loss = false;      // rather than wait for the signal or device to come back
  bool retile = false;            // cut what is passed through into tiles
  bool verbose = false;
};

class Capture {
 public:
  // Borrows all; `name` is the source's in messages.
  Capture(std::string name, CaptureSource& source, FrameOutput& output,
          const CaptureOptions& options, StopSignals& stop);

  // Until the count is reached. Throws Stopped when told to stop (between two frames), Error when
  // giving up: no device (66), no signal or no picture (75).
  void run();

 private:
  // Of the last five seconds, for -v.
  struct Counts {
    std::uint64_t sent = 0, unchanged = 0, late = 0, missed = 0, flawed = 0;
    std::int64_t age_us = 0, bytes = 0;
    std::map<std::string, std::uint64_t> bad;
  };

  // A device's JPEG image as it was passed on last, and may be being written.
  struct Passed {
    Picture picture;  // holds it
    FrameParts frame;
  };

  void wait();
  void arrive(Picture picture);
  void send();
  void send_picture();
  void send_notice();
  std::int64_t notice_due_us() const;
  void write(const FrameParts& frame, std::int64_t time_us);
  void drop(const std::string& why);
  void heal();
  bool only_damaged() const;
  void watch_health();
  void finish_frame(bool stopping);
  void report();

  const std::string name_;
  CaptureSource& source_;
  FrameOutput& output_;
  const CaptureOptions options_;
  StopSignals& stop_;

  std::optional<Encoder> encoder_;
  Retiler retiler_;
  std::optional<RateGate> gate_;
  std::optional<Picture> waiting_;  // the newest, not looked at yet
  std::string com_;                 // of the frame being written
  std::optional<Passed> passed_;

  std::int64_t now_us_ = 0;      // monotonic, at the last wake-up; so are these
  std::int64_t written_us_ = 0;  // when the last frame began; 0: none yet
  std::int64_t live_us_ = 0;     // when the last live picture came that was not damaged
  std::int64_t reported_us_ = 0;
  std::int64_t retry_us_ = 0, retry_after_us_ = 0;  // for a reader that has not taken the last one
  bool seen_ = false;                               // a picture, since the start
  SourceState state_ = SourceState::kLive, written_state_ = SourceState::kLive;
  std::string reason_;  // of state_, for people
  std::string said_;    // about a device that is not there
  std::string damage_;  // of the last picture that was looked at; empty: none
  std::int64_t frames_ = 0;
  std::uint64_t last_sequence_ = 0;
  Counts counts_;
};

}  // namespace kvm
