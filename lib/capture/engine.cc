#include "capture/engine.h"

#include <poll.h>

#include <algorithm>

#include "base/clock.h"
#include "base/message.h"
#include "base/text.h"
#include "jpeg/clean.h"

namespace kvm {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kRepeatUs = kSecond;  // of a picture that does not change
constexpr std::int64_t kTurnUs = 950'000;    // the same with -r: its turn may come a little early
constexpr std::int64_t kReportUs = 5 * kSecond;  // of -v
constexpr std::int64_t kFirstRetryUs = 1000, kLastRetryUs = 20'000;
constexpr std::int64_t kStoppingUs = kSecond;   // a reader may take so long for the last frame
constexpr std::int64_t kDamagedUs = 700'000;    // nothing but damaged pictures: say so in a second
constexpr double kDamagedPictures = 3;          // of a slow device: more than one
constexpr std::int64_t kStartUs = 5 * kSecond;  // a device may take so long for its first picture
constexpr int kNoticeWidth = 1280, kNoticeHeight = 720;

const char* title_of(SourceState state) {
  switch (state) {
    case SourceState::kNoSignal:
      return "NO SIGNAL";
    case SourceState::kNoDevice:
      return "NO CAPTURE DEVICE";
    default:
      return "NO PICTURE";
  }
}

}  // namespace

Capture::Capture(std::string name, CaptureSource& source, FrameOutput& output,
                 const CaptureOptions& options, StopSignals& stop)
    : name_(std::move(name)), source_(source), output_(output), options_(options), stop_(stop) {
  if (options.rate_hz) gate_.emplace(*options.rate_hz);
}

void Capture::run() {
  now_us_ = live_us_ = reported_us_ = monotonic_us();
  for (;;) {
    source_.tick(now_us_);
    if (auto picture = source_.take()) arrive(std::move(*picture));
    watch_health();
    if (output_.writing()) output_.push();
    send();
    if (options_.count > 0 && frames_ >= options_.count) return finish_frame(false);
    if (options_.verbose && now_us_ - reported_us_ >= kReportUs) report();
    wait();
  }
}

void Capture::wait() {
  std::int64_t until = source_.deadline_us();
  if (retry_us_ > 0) until = std::min(until, retry_us_);
  if (state_ != SourceState::kLive && !options_.count && !output_.writing() && retry_us_ == 0)
    until = std::min(until, notice_due_us());
  if (options_.timeout_s > 0)
    until = std::min(until, live_us_ + static_cast<std::int64_t>(options_.timeout_s * 1e6));
  const std::int64_t left = until == INT64_MAX ? -1 : std::max<std::int64_t>(0, until - now_us_);
  const timespec timeout{left / kSecond, left % kSecond * 1000};

  pollfd fds[] = {{stop_.fd(), POLLIN, 0},
                  {source_.fd(), source_.events(), 0},
                  {output_.fd(), static_cast<short>(output_.writing() ? POLLOUT : 0), 0}};
  if (::ppoll(fds, std::size(fds), left < 0 ? nullptr : &timeout, nullptr) < 0 && errno != EINTR)
    throw Error::from_errno("poll");
  now_us_ = monotonic_us();
  if (fds[0].revents != 0)
    if (const auto signal = stop_.take()) {
      finish_frame(true);
      throw Stopped{*signal};
    }
  if (fds[2].revents & (POLLERR | POLLHUP)) throw Error::from_errno("stdout", EPIPE);
}

void Capture::arrive(Picture picture) {
  if (damage_.empty()) live_us_ = now_us_;
  const Losses losses = source_.take_losses();
  counts_.flawed += losses.flawed;
  counts_.late += losses.late;
  if (seen_) {
    const std::uint64_t known = last_sequence_ + losses.flawed + losses.late + 1;
    if (picture.sequence > known) counts_.missed += picture.sequence - known;
  }
  last_sequence_ = picture.sequence;
  seen_ = true;
  // By our clock: a device's may be anything. A turn that was not taken yet is the newest one's.
  if (gate_ && !gate_->pass(now_us_, source_.hz()) && !waiting_) return;
  if (waiting_) ++counts_.late;
  waiting_ = std::move(picture);
}

// Says once what changed, and gives up where that was asked for.
void Capture::watch_health() {
  SourceState state = source_.state();
  if (state != SourceState::kLive) {
    reason_ = source_.reason();
    waiting_.reset();
  } else if (only_damaged()) {
    state = SourceState::kStalled;
    reason_ = "the pictures that come are damaged: " + damage_;
  }
  if (state != SourceState::kLive) {
    const std::string why = name_ + ": " + name_of(state) + ": " + reason_;
    const Exit exit = state == SourceState::kNoDevice ? Exit::kNoInput : Exit::kBusy;
    const bool starting =
        !seen_ && state != SourceState::kNoDevice && now_us_ - live_us_ < kStartUs;
    if (options_.exit_on_loss && !starting) throw Error(exit, why);
    // Of a device that is not there the reason may become another: unplugged, then busy.
    if (state != state_ || (state == SourceState::kNoDevice && why != said_)) say(said_ = why);
  } else if (state_ != SourceState::kLive) {
    say(name_ + ": live");
  }
  state_ = state;
  const double waited_s = static_cast<double>(now_us_ - live_us_) / 1e6;
  if (options_.timeout_s <= 0 || waited_s < options_.timeout_s) return;
  const std::string why = state == SourceState::kLive ? "the device delivers none" : reason_;
  throw Error(state == SourceState::kNoDevice ? Exit::kNoInput : Exit::kBusy,
              name_ + strf(": no picture for %.3g s: ", waited_s) + why);
}

// At once where the state is news, and then in its turn; a time lapse takes nothing out of turn.
std::int64_t Capture::notice_due_us() const {
  const auto period_us = static_cast<std::int64_t>(1e6 / options_.rate_hz.value_or(1e6));
  if (written_us_ == 0 || (state_ != written_state_ && period_us <= kRepeatUs)) return 0;
  return written_us_ + std::max(kRepeatUs, period_us);
}

void Capture::send() {
  const bool notice = state_ != SourceState::kLive && !options_.count && now_us_ >= notice_due_us();
  retry_us_ = 0;
  if ((!waiting_ && !notice) || output_.writing()) return;
  if (!output_.ready()) {
    // There is no event for "the pipe is empty".
    retry_after_us_ = std::clamp(retry_after_us_ * 2, kFirstRetryUs, kLastRetryUs);
    retry_us_ = now_us_ + retry_after_us_;
    return;
  }
  retry_after_us_ = 0;
  if (notice)
    send_notice();
  else
    send_picture();
}

void Capture::send_picture() {
  Picture picture = std::move(*waiting_);
  waiting_.reset();
  com_ = com_segment({picture.time_us, picture.sequence, SourceState::kLive}, std::move(com_));
  const View view = source_.view(picture);
  const bool due = options_.all_frames || written_us_ == 0 || state_ != written_state_ ||
                   now_us_ - written_us_ >= (gate_ ? kTurnUs : kRepeatUs);
  if (const auto* image = std::get_if<Image>(&view)) {
    if (!encoder_) encoder_.emplace(options_.encoder);
    const Bytes frame = encoder_->encode(*image, com_);
    picture.lent = {};  // what is encoded is a copy
    passed_.reset();
    heal();
    if (encoder_->unchanged() && !due) {
      ++counts_.unchanged;
      return;
    }
    write({frame}, picture.time_us);
  } else if (const auto* jpeg = std::get_if<Bytes>(&view)) {
    FrameParts cleaned;
    JpegFault fault = clean_jpeg(*jpeg, com_, cleaned);
    if (fault == JpegFault::kNone && !due && passed_ && same_picture(cleaned, passed_->frame)) {
      heal();
      ++counts_.unchanged;
      return;
    }
    FrameParts frame = cleaned;
    if (fault == JpegFault::kNone && options_.retile) fault = retiler_.retile(frame);
    if (fault != JpegFault::kNone) return drop(name_of(fault));
    heal();
    passed_ = {std::move(picture), cleaned};
    write(frame, passed_->picture.time_us);
  } else {
    drop(name_of(JpegFault::kTruncated));
  }
}

void Capture::send_notice() {
  const int width = source_.width() > 0 ? source_.width() : kNoticeWidth;
  const int height = source_.height() > 0 ? source_.height() : kNoticeHeight;
  const std::int64_t time_us = unix_us();
  com_ = com_segment({time_us, last_sequence_, state_}, std::move(com_));
  if (!encoder_) encoder_.emplace(options_.encoder);
  Notice notice(width, height);
  const Bytes frame = encoder_->encode(notice.draw(title_of(state_), reason_), com_);
  passed_.reset();
  write({frame}, time_us);
}

void Capture::write(const FrameParts& frame, std::int64_t time_us) {
  output_.begin(frame, time_us);
  written_us_ = now_us_;
  written_state_ = state_;
  ++frames_;
  ++counts_.sent;
  counts_.age_us += unix_us() - time_us;
  counts_.bytes += static_cast<std::int64_t>(size_of(frame));
}

void Capture::drop(const std::string& why) {
  ++counts_.bad[why];
  damage_ = why;
  if (gate_) gate_->undo();
}

// The picture that was looked at is a good one.
void Capture::heal() {
  damage_.clear();
  live_us_ = now_us_;
}

bool Capture::only_damaged() const {
  if (damage_.empty()) return false;
  const double few_us = source_.hz() > 0 ? kDamagedPictures * 1e6 / source_.hz() : 0;
  return static_cast<double>(now_us_ - live_us_) >= std::max<double>(kDamagedUs, few_us);
}

// Half a frame must not stay in the pipe. A reader that does not read is not waited for long when
// we were told to stop; another signal then kills.
void Capture::finish_frame(bool stopping) {
  const std::int64_t give_up_us = monotonic_us() + kStoppingUs;
  while (output_.writing() && !(stopping && monotonic_us() >= give_up_us)) {
    pollfd fds[] = {{output_.fd(), POLLOUT, 0}, {stopping ? -1 : stop_.fd(), POLLIN, 0}};
    if (::poll(fds, std::size(fds), 100) < 0 && errno != EINTR) throw Error::from_errno("poll");
    if (!stopping)
      if (const auto signal = stop_.take()) {
        finish_frame(true);
        throw Stopped{*signal};
      }
    output_.push();
  }
}

void Capture::report() {
  const double seconds = static_cast<double>(now_us_ - reported_us_) / 1e6;
  const auto sent = static_cast<double>(std::max<std::uint64_t>(counts_.sent, 1));
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::string line = strf(
      "%dx%d, %.1f frames/s of %.0f bytes, %.1f ms old; %llu unchanged, %llu late, %llu missed",
      source_.width(), source_.height(), static_cast<double>(counts_.sent) / seconds,
      static_cast<double>(counts_.bytes) / sent, static_cast<double>(counts_.age_us) / sent / 1000,
      number(counts_.unchanged), number(counts_.late), number(counts_.missed));
  if (counts_.flawed) line += strf(", %llu flawed", number(counts_.flawed));
  for (const auto& [why, count] : counts_.bad) line += strf(", %llu ", number(count)) + why;
  say(name_ + ": " + line);
  counts_ = {};
  reported_us_ = now_us_;
}

}  // namespace kvm
