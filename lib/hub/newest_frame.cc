#include "hub/newest_frame.h"

#include <utility>

namespace kvm {

namespace {

// Whether the images differ at most in the comment that holds their facts.
bool same_picture(const Frame& a, const Frame& b) {
  const auto pieces = [](const Frame& frame) {
    const Bytes jpeg = frame.jpeg(), com = find_com(jpeg);
    const auto at = com.empty() ? 0 : static_cast<std::size_t>(com.data() - jpeg.data());
    return std::pair(as_text(jpeg.first(at)), as_text(jpeg.subspan(at + com.size())));
  };
  return pieces(a) == pieces(b);
}

}  // namespace

void NewestFrame::publish(JpegImage image, const FrameFacts& facts) {
  auto frame = std::make_shared<Frame>();
  frame->image = std::move(image);
  frame->facts = facts;
  frame->id = ++count_;
  const std::int64_t arrived_unix_us = unix_us();
  frame->arrived_us = loop_.now_us();
  frame->delay_us =
      facts.time_us ? clock_.delay_us(*facts.time_us, arrived_unix_us, frame->arrived_us) : 0;
  frame->time_us = arrived_unix_us - frame->delay_us;
  const bool same = newest_ && same_picture(*frame, *newest_);
  // `content` comes from the clock, because it is a snapshot's ETag and must not repeat after a
  // restart.
  const std::int64_t before = newest_ ? newest_->content : 0;
  frame->content = same ? before : std::max(unix_us(), before + 1);
  newest_ = current_ = std::move(frame);

  rate_.count(newest_->arrived_us);
  set_source(newest_->facts.state);
  for (const auto& call : on_frame_) call();
}

void NewestFrame::set_source(SourceState source) {
  if (std::exchange(source_, source) == source) return;
  for (const auto& call : on_source_) call();
}

}  // namespace kvm
