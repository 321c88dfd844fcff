// Reads frames from a descriptor (the server's stdin) on the event loop and publishes each as the
// newest one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/loop.h"
#include "base/usual_interval.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "jpeg/frame_reader.h"

namespace kvm {

class FramesIn {
 public:
  struct Events {
    // Whether anybody needs frames. While nobody does, reading pauses, so that the full pipe stops
    // the writer.
    std::function<bool()> wanted;
    // Called once: with "" at the end of the input, or with the reason why reading failed.
    std::function<void(const std::string&)> end;
  };
  // Borrows `fd`. A pipe is enlarged, so that a writer can hand over a whole frame at once.
  FramesIn(Loop& loop, NewestFrame& newest, Metrics& metrics, int fd, Events events);

  // Call when wanted() may have changed; pauses or resumes reading.
  void update();

 private:
  void ready();
  void publish_frames();
  bool stale(const FrameFacts& facts) const;
  void report_dropped();
  void watch();
  void end(const std::string& why);

  Loop& loop_;
  NewestFrame& newest_;
  Metrics& metrics_;
  int fd_;
  Events events_;
  FrameReader reader_;
  std::int64_t last_us_;  // monotonic: the last frame, or the start
  UsualInterval frames_;
  std::int64_t resumed_us_ = 0;       // monotonic: when reading last resumed
  std::int64_t resumed_unix_us_ = 0;  // the same moment as unix time
  bool pollable_ = true;              // false: a regular file, which is always ready
  bool paused_ = false, ended_ = false, reported_ = false;
};

}  // namespace kvm
