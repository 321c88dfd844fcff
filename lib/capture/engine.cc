#include "capture/engine.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/message.h"

namespace kvm {

namespace {

using std::chrono::microseconds;

constexpr std::int64_t kReportUs = 5'000'000;
constexpr std::int64_t kFirstRetryUs = 1000, kLastRetryUs = 20'000;
constexpr microseconds kStopping{1'000'000};  // the time that a reader has for the last frame

}  // namespace

Capture::Capture(const std::string& name, CaptureSource& source, FrameOutput& output,
                 const CaptureOptions& options, Poller& poller)
    : name_(name),
      source_(source),
      output_(output),
      options_(options),
      poller_(poller),
      now_us_(monotonic_us()),
      maker_(options.encoder, options.pass_through),
      health_(name, options.health, now_us_),
      pacing_(options.rate_hz),
      reported_us_(now_us_) {}

void Capture::run() {
  try {
    for (turn(); !enough(); turn()) wait();
    finish_frame(std::nullopt);
  } catch (const Stopped&) {
    finish_frame(kStopping);  // leave no half frame in the pipe; another signal kills us
    throw;
  }
}

// Does everything that can be done without waiting.
void Capture::turn() {
  source_.tick(now_us_);
  statistics_.lost(source_.take_losses());
  if (auto picture = source_.take()) arrive(std::move(*picture));
  watch_health();
  if (output_.writing()) output_.push();
  send();
  if (options_.verbose && now_us_ - reported_us_ >= kReportUs) report();
}

void Capture::arrive(Picture picture) {
  health_.picture_came(now_us_);
  statistics_.arrived(picture.sequence);
  if (skipped_ < options_.skip) {
    ++skipped_;
    return;
  }
  // If the picture of the last turn is still waiting, a newer picture always replaces it.
  if (!pacing_.has_turn(now_us_, source_.hz()) && !waiting_) return;
  if (waiting_) statistics_.late();
  waiting_ = std::move(picture);
}

void Capture::watch_health() {
  const SourceState state = source_.state();
  const bool live = state == SourceState::kLive;
  if (!live) waiting_.reset();
  Verdict verdict =
      health_.observe({now_us_, state, live ? std::string() : source_.reason(), source_.hz()});
  if (!verdict.say.empty()) say(verdict.say);
  if (verdict.give_up) throw *verdict.give_up;
  trouble_ = std::move(verdict.trouble);
}

void Capture::send() {
  const bool notice = notices() && now_us_ >= pacing_.notice_due_us(health_.state());
  retry_us_ = 0;
  if ((!waiting_ && !notice) || output_.writing()) return;
  if (!output_.ready()) {
    // Ask again soon: poll(2) has no event for "the pipe is empty".
    retry_after_us_ = std::clamp(retry_after_us_ * 2, kFirstRetryUs, kLastRetryUs);
    retry_us_ = now_us_ + retry_after_us_;
    return;
  }
  retry_after_us_ = 0;
  if (!notice) return send_picture(*std::exchange(waiting_, std::nullopt));
  write(maker_.from_trouble(*trouble_, source_.width(), source_.height(),
                            statistics_.last_sequence()));
}

void Capture::send_picture(Picture picture) {
  const bool repeat_due = options_.all_frames || pacing_.repeat_due(now_us_, health_.state());
  const MadeFrame frame = maker_.from_picture(source_, std::move(picture), repeat_due);
  if (frame.fault != JpegFault::kNone) {
    statistics_.damaged(frame.fault);
    health_.picture_damaged(frame.fault);
    pacing_.return_turn();
    return;
  }
  health_.picture_good(now_us_);
  if (frame.unchanged)
    statistics_.unchanged();
  else
    write(frame);
}

void Capture::write(const MadeFrame& frame) {
  output_.begin(frame.parts, frame.time_us);
  pacing_.wrote(now_us_, health_.state());
  ++frames_;
  statistics_.sent(size_of(frame.parts), unix_us() - frame.time_us);
}

void Capture::wait() {
  std::int64_t until = std::min(source_.deadline_us(), health_.deadline_us());
  if (retry_us_ > 0)
    until = std::min(until, retry_us_);
  else if (notices() && !output_.writing())
    until = std::min(until, pacing_.notice_due_us(health_.state()));
  Poller::Timeout timeout;
  if (until != INT64_MAX) timeout = microseconds(std::max<std::int64_t>(0, until - now_us_));

  const short output_events = output_.writing() ? POLLOUT : 0;
  pollfd wanted[] = {{source_.fd(), source_.events(), 0}, {output_.fd(), output_events, 0}};
  poller_.wait(wanted, timeout);
  now_us_ = monotonic_us();
  if (wanted[1].revents & (POLLERR | POLLHUP)) output_.lose_reader();
}

// Returns when the frame is written, or after `limit`.
void Capture::finish_frame(Poller::Timeout limit) {
  const std::int64_t until_us = limit ? monotonic_us() + limit->count() : INT64_MAX;
  while (output_.writing()) {
    Poller::Timeout left;
    if (limit) left = microseconds(until_us - monotonic_us());
    if (left && left->count() <= 0) return;
    poller_.wait(output_.fd(), POLLOUT, left);
    output_.push();
  }
}

void Capture::report() {
  const double seconds = static_cast<double>(now_us_ - reported_us_) / 1e6;
  say(name_ + ": " + statistics_.report(source_.width(), source_.height(), seconds));
  reported_us_ = now_us_;
}

}  // namespace kvm
