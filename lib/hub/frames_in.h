// stdin, read on the event loop: whole frames go to the hub.
#pragma once

#include <functional>
#include <string>

#include "base/loop.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "jpeg/frame_reader.h"

namespace kvm {

class FrameInput {
 public:
  struct Events {
    // Whether anybody looks: while nobody does, nothing is read and the pipe holds the writer up.
    std::function<bool()> wanted;
    // Once, at the end of the input ("") or when reading failed (why).
    std::function<void(const std::string&)> end;
  };
  FrameInput(Loop& loop, Hub& hub, Metrics& metrics, int fd, Events events);

  // wanted() may have changed.
  void look();

 private:
  void ready();
  void frames();
  bool stale(const FrameFacts& facts);
  void watch();
  void end(const std::string& why);

  Loop& loop_;
  Hub& hub_;
  Metrics& metrics_;
  int fd_;
  Events events_;
  FrameReader reader_;
  std::int64_t last_us_;                        // monotonic: the last frame, or the start
  std::int64_t fresh_us_ = 0, resumed_us_ = 0;  // when somebody looked again: unix, monotonic
  bool waits_ = true, paused_ = false, ended_ = false, said_ = false;
};

}  // namespace kvm
