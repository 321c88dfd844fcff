#include "hub/frames_in.h"

#include <poll.h>

#include <utility>

#include "base/error.h"
#include "base/message.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr int kPipeBytes = 1 << 20;  // the most that an unprivileged process may ask for
constexpr std::int64_t kCheckUs = 500'000;
// A source counts as stalled if no frame came for three times the usual interval, and for this time
// at least.
constexpr std::int64_t kLeastStallUs = 3'000'000;
// Frames can count as stale only during this time after reading resumes. The pipe drains in far
// less time. Without the limit, a source whose clock was set back would seem stale for too long.
constexpr std::int64_t kStaleUs = 1'000'000;

}  // namespace

FramesIn::FramesIn(Loop& loop, NewestFrame& newest, Metrics& metrics, int fd, Events events)
    : loop_(loop),
      newest_(newest),
      metrics_(metrics),
      fd_(fd),
      events_(std::move(events)),
      last_us_(loop.now_us()),
      frames_(kLeastStallUs) {
  ::fcntl(fd, F_SETPIPE_SZ, kPipeBytes);  // fails on other files, which does no harm
  pollable_ = loop_.watch(fd, EPOLLIN, [this](std::uint32_t) { ready(); });
  if (!pollable_) loop_.after(0, [this] { ready(); });
  watch();
}

void FramesIn::watch() {
  loop_.after(kCheckUs, [this] {
    if (ended_) return;
    update();
    const std::int64_t silent_us = loop_.now_us() - last_us_;
    if (!paused_ && newest_.frame() && silent_us > frames_.stopped_after_us()) newest_.stalled();
    watch();
  });
}

void FramesIn::update() {
  // The first frame is always read, because it tells the picture's size.
  const bool pause = pollable_ && !ended_ && newest_.frame() && !events_.wanted();
  if (std::exchange(paused_, pause) == pause) return;
  loop_.change(fd_, pause ? 0u : EPOLLIN);
  frames_.pause();
  if (pause) return newest_.rest();
  resumed_unix_us_ = unix_us();
  last_us_ = resumed_us_ = loop_.now_us();
}

void FramesIn::ready() {
  std::optional<std::size_t> n;
  try {
    n = read_some(fd_, reader_.space(), "stdin");
  } catch (const Error& error) {
    return end(error.what());
  }
  if (n == std::size_t{0}) {
    reader_.finish();
    publish_frames();
    return end("");
  }
  if (n) reader_.filled(*n);
  publish_frames();
  if (!pollable_) loop_.after(0, [this] { ready(); });
}

void FramesIn::publish_frames() {
  while (auto image = reader_.next()) {
    ++metrics_.frames;
    metrics_.frame_bytes += image->info.size;
    const FrameFacts facts = image->facts();
    if (stale(facts)) continue;
    last_us_ = loop_.now_us();
    frames_.came(last_us_);
    newest_.publish(std::move(*image), facts);
  }
  metrics_.dropped = reader_.dropped();
  if (!reported_) report_dropped();
}

// Whether the frame waited in the pipe while reading was paused.
bool FramesIn::stale(const FrameFacts& facts) const {
  if (!newest_.resting() || loop_.now_us() - resumed_us_ > kStaleUs) return false;
  pollfd input{fd_, POLLIN, 0};
  const bool more_waits = ::poll(&input, 1, 0) == 1;
  if (more_waits) return true;
  return facts.time_us && newest_.source_clock().unix_time(*facts.time_us) < resumed_unix_us_;
}

void FramesIn::report_dropped() {
  for (int i = 0; i < kDroppedReasons && !reported_; ++i) {
    if (metrics_.dropped[static_cast<std::size_t>(i)] == 0) continue;
    say(strf("stdin: skipped bytes that are not a whole image: %s (reported once; see /metrics)",
             name_of(static_cast<Dropped>(i))));
    reported_ = true;
  }
}

void FramesIn::end(const std::string& why) {
  if (std::exchange(ended_, true)) return;
  loop_.forget(fd_);
  events_.end(why);
}

}  // namespace kvm
