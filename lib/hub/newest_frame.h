// The newest frame, shared by all who watch: one copy in memory whatever their number.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "hub/rate_meter.h"
#include "jpeg/frame_facts.h"
#include "jpeg/frame_reader.h"

namespace kvm {

// What every part of /stream ends with. mjpg-streamer's and uStreamer's word.
constexpr std::string_view kBoundary = "boundarydonotcross";

struct Frame {
  ReadFrame memory;
  std::uint32_t id;  // counts up from 1 in this server
  FrameFacts facts;
  std::int64_t time_us;     // unix time of the first pixel; of arrival where nobody said
  std::int64_t arrived_us;  // monotonic
  std::int64_t content;     // its own of each picture: frames in a row that show the same share it
  Bytes part;               // header lines, image, next boundary: what a stream sends

  Bytes jpeg() const noexcept { return memory.jpeg(); }
  // Since its first pixel; where the source's clock is ahead of ours, since it arrived.
  std::int64_t age_us() const noexcept {
    return std::max(unix_us() - time_us, monotonic_us() - arrived_us);
  }
};
using FramePtr = std::shared_ptr<const Frame>;

// What is told of it beside it: name and value of header lines, ours and those that uStreamer's
// clients ask for.
std::vector<std::pair<std::string, std::string>> headers_of(const Frame& frame);

// What is known of the source.
enum class Source { kNone, kLive, kNoSignal, kNoDevice, kStalled };
// "none", "live", "no-signal", "no-device", "stalled".
const char* name_of(Source source) noexcept;

class Hub {
 public:
  // `facts` are the frame's own.
  void publish(ReadFrame read, const FrameFacts& facts);
  // No frame came for too long.
  void stalled() { set_source(Source::kStalled); }
  // None is read, until the next publish(): what there is grows old.
  void rest() noexcept { current_.reset(); }

  // Null before the first one. Its size and the like are the source's, even while it rests.
  const FramePtr& newest() const noexcept { return newest_; }
  // What viewers may be shown: null, too, while the source rests.
  const FramePtr& current() const noexcept { return current_; }
  bool resting() const noexcept { return newest_ && !current_; }
  Source source() const noexcept { return source_; }
  // Frames in the second before now.
  int fps() { return rate_.per_second(monotonic_us()); }

  // Called after every publish(), and when the source's state changed.
  void on_frame(std::function<void()> call) { on_frame_.push_back(std::move(call)); }
  void on_source(std::function<void()> call) { on_source_.push_back(std::move(call)); }

 private:
  void set_source(Source source);

  FramePtr newest_, current_;
  Source source_ = Source::kNone;
  std::uint32_t count_ = 0;
  RateMeter rate_;
  std::vector<std::function<void()>> on_frame_, on_source_;
};

}  // namespace kvm
