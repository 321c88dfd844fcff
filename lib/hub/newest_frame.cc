#include "hub/newest_frame.h"

#include <cstring>
#include <utility>

#include "base/text.h"

namespace kvm {

namespace {

// Puts the header lines and the next boundary around the image, in the room that the reader left.
// The boundary comes at once: a browser shows a part when it sees its end.
Bytes make_part(Frame& frame) {
  std::string head =
      strf("Content-Type: image/jpeg\r\nContent-Length: %zu\r\n", frame.jpeg().size());
  for (const auto& [name, value] : headers_of(frame)) head += name + ": " + value + "\r\n";
  head += "\r\n";
  const std::string tail = "\r\n--" + std::string(kBoundary) + "\r\n";
  static_assert(kBoundary.size() + 6 <= ReadFrame::kBehind);
  std::uint8_t* const image = frame.memory.memory.get() + frame.memory.offset;
  std::uint8_t* const begin = image - head.size();
  std::memcpy(begin, head.data(), head.size());
  std::memcpy(image + frame.jpeg().size(), tail.data(), tail.size());
  return {begin, head.size() + frame.jpeg().size() + tail.size()};
}

// The image less its facts.
Bytes picture_of(const Frame& frame) {
  return frame.jpeg().subspan(2 + com_size(frame.jpeg()));
}

Source source_of(SourceState state) {
  switch (state) {
    case SourceState::kNoSignal:
      return Source::kNoSignal;
    case SourceState::kNoDevice:
      return Source::kNoDevice;
    case SourceState::kStalled:
      return Source::kStalled;
    case SourceState::kLive:
      break;
  }
  return Source::kLive;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> headers_of(const Frame& frame) {
  const auto time = static_cast<long long>(frame.time_us);
  std::vector<std::pair<std::string, std::string>> headers = {
      {"X-Timestamp", strf("%lld.%06lld", time / 1'000'000, time % 1'000'000)},
      {"X-Kvm-Time", std::to_string(time)},
      {"X-Kvm-State", name_of(frame.facts.state)},
      {"X-UStreamer-Online", frame.facts.state == SourceState::kLive ? "true" : "false"},
      {"X-UStreamer-Width", std::to_string(frame.memory.info.width)},
      {"X-UStreamer-Height", std::to_string(frame.memory.info.height)}};
  if (frame.facts.sequence)
    headers.emplace_back("X-Kvm-Sequence", std::to_string(*frame.facts.sequence));
  return headers;
}

const char* name_of(Source source) noexcept {
  constexpr const char* kNames[] = {"none", "live", "no-signal", "no-device", "stalled"};
  return kNames[static_cast<int>(source)];
}

void Hub::publish(ReadFrame read, const FrameFacts& facts) {
  auto frame = std::make_shared<Frame>();
  frame->memory = std::move(read);
  frame->id = ++count_;
  frame->facts = facts;
  frame->arrived_us = monotonic_us();
  frame->time_us = facts.time_us.value_or(unix_us());
  const bool same = newest_ && as_text(picture_of(*frame)) == as_text(picture_of(*newest_));
  // Never that of an earlier run of the server either: it is the ETag of a snapshot.
  const std::int64_t before = newest_ ? newest_->content : 0;
  frame->content = same ? before : std::max(unix_us(), before + 1);
  frame->part = make_part(*frame);
  newest_ = current_ = std::move(frame);

  rate_.count(newest_->arrived_us);
  set_source(source_of(newest_->facts.state));
  for (const auto& call : on_frame_) call();
}

void Hub::set_source(Source source) {
  if (std::exchange(source_, source) == source) return;
  for (const auto& call : on_source_) call();
}

}  // namespace kvm
