// The newest frame, kept once in memory and shared by everything that shows it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "hub/rate_meter.h"
#include "hub/source_clock.h"
#include "jpeg/frame_facts.h"
#include "jpeg/frame_reader.h"

namespace kvm {

struct Frame {
  JpegImage image;
  FrameFacts facts;
  std::uint32_t id;         // counts up from 1 in this server
  std::int64_t time_us;     // unix time of the first pixel by our clock; if unknown, of arrival
  std::int64_t arrived_us;  // monotonic
  std::int64_t delay_us;    // from the first pixel to the arrival, as far as known
  std::int64_t content;     // consecutive frames with the same picture have the same number

  Bytes jpeg() const noexcept { return image.bytes(); }
  const JpegInfo& info() const noexcept { return image.info; }
  // Time since the first pixel. `now_us`: monotonic.
  std::int64_t age_us(std::int64_t now_us) const noexcept {
    return delay_us + std::max<std::int64_t>(now_us - arrived_us, 0);
  }
};
using FramePtr = std::shared_ptr<const Frame>;

class NewestFrame {
 public:
  // Borrows the loop for its clock.
  explicit NewestFrame(const Loop& loop) : loop_(loop) {}

  // `facts` are the image's own: the caller has read them already.
  void publish(JpegImage image, const FrameFacts& facts);
  // No frame came for too long: the source's state becomes kStalled until the next publish().
  void stalled() { set_source(SourceState::kStalled); }
  // Reading pauses: until the next publish() the newest frame is too old to be shown.
  void rest() noexcept { current_.reset(); }

  // Null before the first frame. Not reset while the source rests: size and quality are still
  // valid.
  const FramePtr& frame() const noexcept { return newest_; }
  // The frame that viewers may be shown: null before the first one and while the source rests.
  const FramePtr& current() const noexcept { return current_; }
  bool resting() const noexcept { return newest_ && !current_; }
  const SourceClock& source_clock() const noexcept { return clock_; }
  // nullopt before the first frame.
  std::optional<SourceState> source() const noexcept { return source_; }
  // Frames in the last second.
  int fps() { return rate_.per_second(loop_.now_us()); }

  // on_frame(): `call` runs after every publish(). on_source(): whenever source() has changed.
  void on_frame(std::function<void()> call) { on_frame_.push_back(std::move(call)); }
  void on_source(std::function<void()> call) { on_source_.push_back(std::move(call)); }

 private:
  void set_source(SourceState source);

  const Loop& loop_;
  FramePtr newest_, current_;
  std::optional<SourceState> source_;
  std::uint32_t count_ = 0;
  RateMeter rate_;
  SourceClock clock_;
  std::vector<std::function<void()>> on_frame_, on_source_;
};

}  // namespace kvm
