#include "hub/frames_in.h"

#include <poll.h>

#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/message.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr int kPipeBytes = 1 << 20;  // the most that an unprivileged process may ask for
constexpr std::int64_t kCheckUs = 500'000, kStalledUs = 3'000'000;
// The pipe is empty long before; the clock of a source may be behind ours for ever.
constexpr std::int64_t kStaleUs = 1'000'000;

}  // namespace

FrameInput::FrameInput(Loop& loop, Hub& hub, Metrics& metrics, int fd, Events events)
    : loop_(loop),
      hub_(hub),
      metrics_(metrics),
      fd_(fd),
      events_(std::move(events)),
      last_us_(monotonic_us()) {
  // Room for a whole frame: the writer hands it over in one go. No pipe: no harm.
  ::fcntl(fd, F_SETPIPE_SZ, kPipeBytes);
  waits_ = loop_.watch(fd, EPOLLIN, [this](std::uint32_t) { ready(); });
  if (!waits_) loop_.after(0, [this] { ready(); });
  watch();
}

void FrameInput::watch() {
  loop_.after(kCheckUs, [this] {
    if (ended_) return;
    look();
    if (!paused_ && hub_.newest() && monotonic_us() - last_us_ > kStalledUs) hub_.stalled();
    watch();
  });
}

void FrameInput::look() {
  // The first frame is read in any case: it tells the size.
  const bool pause = waits_ && !ended_ && hub_.newest() && !events_.wanted();
  if (std::exchange(paused_, pause) == pause) return;
  loop_.change(fd_, pause ? 0u : EPOLLIN);
  if (pause) return hub_.rest();
  fresh_us_ = unix_us();
  last_us_ = resumed_us_ = monotonic_us();
}

void FrameInput::ready() {
  std::optional<std::size_t> n;
  try {
    n = read_some(fd_, reader_.space(), "stdin");
  } catch (const Error& error) {
    return end(error.what());
  }
  if (n == std::size_t{0}) {
    reader_.finish();
    frames();
    return end("");
  }
  if (n) reader_.filled(*n);
  frames();
  if (!waits_) loop_.after(0, [this] { ready(); });
}

void FrameInput::frames() {
  while (auto frame = reader_.next()) {
    ++metrics_.frames;
    metrics_.frame_bytes += frame->info.size;
    const FrameFacts facts = frame->facts();
    if (stale(facts)) continue;
    last_us_ = monotonic_us();
    hub_.publish(std::move(*frame), facts);
  }
  metrics_.dropped = reader_.dropped();
  for (int i = 0; i < kDroppedReasons && !said_; ++i) {
    if (metrics_.dropped[static_cast<std::size_t>(i)] == 0) continue;
    say(strf("stdin: passed over what is no whole image: %s (said once; /metrics counts)",
             name_of(static_cast<Dropped>(i))));
    said_ = true;
  }
}

// Whether it waited in the pipe while nobody looked.
bool FrameInput::stale(const FrameFacts& facts) {
  if (!hub_.resting() || monotonic_us() - resumed_us_ > kStaleUs) return false;
  pollfd more{fd_, POLLIN, 0};
  return facts.time_us.value_or(fresh_us_) < fresh_us_ || ::poll(&more, 1, 0) == 1;
}

void FrameInput::end(const std::string& why) {
  if (std::exchange(ended_, true)) return;
  loop_.forget(fd_);
  events_.end(why);
}

}  // namespace kvm
