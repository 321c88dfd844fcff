#include "capture/v4l2_source.h"

#include <poll.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/message.h"
#include "capture/edid.h"
#include "capture/v4l2_controls.h"
#include "capture/v4l2_inputs.h"

namespace kvm {

namespace {

// One buffer each for the picture being written, the newest picture and the picture being taken,
// and two for the driver to fill.
constexpr std::uint32_t kBuffers = 5;
// A source without a picture for this time is stalled. The time is short enough to tell people
// within a second.
constexpr std::int64_t kLeastStallUs = 700'000;
// Between two checks of the signal, or two searches for the device.
constexpr std::int64_t kCheckUs = 250'000;
constexpr std::int64_t kLiveCheckUs = 500'000;  // the same while pictures come
// The time between two restarts of a stalled stream. It doubles with each restart, in case the
// device is only slow.
constexpr std::int64_t kReviveUs = 2'000'000, kLastReviveUs = 10'000'000;

// The next picture comes at the earliest after this share of a period.
constexpr double kEarly = 0.75;

constexpr const char* kUnplugged = "the capture device was unplugged";

}  // namespace

V4l2Source::V4l2Source(V4l2Wishes wishes) : wishes_(std::move(wishes)), pictures_(kLeastStallUs) {
  now_us_ = monotonic_us();
  if (wishes_.wait)
    tick(now_us_);
  else
    open();
}

V4l2Source::~V4l2Source() {
  stop();
}

int V4l2Source::fd() const {
  return node_ && events() ? node_->fd() : -1;
}

short V4l2Source::events() const {
  // Without a stream, each poll for POLLIN would return POLLERR at once.
  return static_cast<short>((stream_ ? POLLIN : 0) | (has_events_ ? POLLPRI : 0));
}

std::int64_t V4l2Source::deadline_us() const {
  // While pictures come, each of them wakes us, and no other wake-up is needed.
  return state_ == SourceState::kLive && stream_ ? std::max(check_us_, picture_us_ + kLeastStallUs)
                                                 : check_us_;
}

// The time without a picture after which the source is stalled: three times the usual interval, or
// three periods of the rate that the device claims if that is longer.
std::int64_t V4l2Source::stall_us() const {
  const auto claimed_us = hz_ > 0 ? static_cast<std::int64_t>(3e6 / hz_) : 0;
  return std::max(pictures_.stopped_after_us(), claimed_us);
}

// Returns the nodes that the device may be now, the likeliest first: the node asked for, or the
// same device under another number. Never returns a device that existed beside the lost device,
// because it shows another machine.
std::vector<V4l2Node> V4l2Source::find_again() const {
  const bool automatic = wishes_.device == "auto";
  if (card_.empty() && automatic) return find_nodes(wishes_.hints);
  const auto only = [&](V4l2Node node) {
    std::vector<V4l2Node> nodes;
    nodes.push_back(std::move(node));
    return nodes;
  };
  if (!automatic) {
    const std::string path = resolve_device(wishes_.device);
    // The names in /dev/v4l stay with the dongle or the port.
    if (card_.empty() || path.starts_with("/dev/v4l/")) return only(V4l2Node(path, wishes_.hints));
  }
  auto nodes = list_nodes(nullptr, wishes_.hints);
  const auto is_same_kind = [&](const V4l2Node& node) {
    return node.driver() == driver_ && node.card() == card_;
  };
  for (V4l2Node& node : nodes)
    if (is_same_kind(node) && node.bus() == bus_) return only(std::move(node));
  std::erase_if(nodes, [&](const V4l2Node& node) {
    return std::find(others_.begin(), others_.end(), node.bus()) != others_.end();
  });
  for (V4l2Node& node : nodes)
    if (is_same_kind(node)) return only(std::move(node));
  if (!automatic) return only(V4l2Node(resolve_device(wishes_.device), wishes_.hints));
  std::vector<V4l2Node> ranked;
  for (const std::size_t i : rank_nodes(nodes)) ranked.push_back(std::move(nodes[i]));
  if (ranked.empty()) throw Error(Exit::kNoInput, kUnplugged);
  return ranked;
}

// Opens the first device that starts, and tells about those that refused.
void V4l2Source::open() {
  auto nodes = find_again();
  std::string tried;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    try {
      open_node(std::move(nodes[i]));
      if (!tried.empty()) say("took " + node_->path() + "; could not start " + tried);
      return;
    } catch (const Error& error) {
      // If the best device is in use, or lacks what was asked for, another device is no substitute.
      const bool passable = error.exit() != Exit::kBusy && error.exit() != Exit::kUsage &&
                            error.exit() != Exit::kConfig;
      if (!passable || nodes.size() == 1) throw;
      tried += (tried.empty() ? "" : "; ") + std::string(error.what());
      if (i + 1 == nodes.size())
        throw Error(error.exit(), "no capture device could be started: " + tried);
      forget_node();
    }
  }
}

void V4l2Source::open_node(V4l2Node node) {
  node_.emplace(std::move(node));
  picture_us_ = now_us_;
  revive_us_ = kReviveUs;
  if (!wishes_.input.empty()) set_input(*node_, wishes_.input);
  if (!wishes_.standard.empty()) set_standard(*node_, wishes_.standard);
  pipeline_ = MediaPipeline::find(*node_);
  // The events of a receiver that is a subdevice do not reach the node: the signal is looked at.
  has_events_ = !pipeline_ && subscribe_source_changes(*node_);
  if (!wishes_.edid.empty())
    set_edid(port(), wishes_.edid);
  else if (!has_edid(port()))
    offer_edid(default_edid());
  for (const auto& [name, value] : wishes_.controls) set_control(*node_, name, value);
  check_signal();
}

// Shows the target an EDID that nobody asked for. The device works without it if it refuses.
void V4l2Source::offer_edid(Bytes edid) {
  try {
    set_edid(port(), edid);
  } catch (const Error& error) {
    say(error.message() + "; it keeps the EDID that it has");
  }
}

// Detects the signal. Starts the stream, or restarts it if the timings of the signal changed.
void V4l2Source::check_signal() {
  const SignalInfo info = detect_signal(port());
  const bool was_steady = signal_ == Signal::kSteady;
  signal_ = info.signal;
  if (signal_ != Signal::kSteady) return lose_signal(signal_);
  const bool changed = info.timings && (!timings_ || !same_timings(*info.timings, *timings_));
  if (!was_steady || changed) picture_us_ = now_us_;
  if (stream_ && !changed) return;
  stop();
  timings_ = info.timings;
  try {
    start();
  } catch (const Error& error) {
    // unicam and rp1-cfe answer EINVAL to VIDIOC_STREAMON if the signal needs more CSI lanes than
    // the board has.
    if (!stream_ || error.code() != EINVAL || !timings_) throw;
    stop();
    if (wishes_.edid.empty() && has_default_edid(port())) offer_edid(default_edid(50));
    lose_signal(Signal::kOutOfRange);
  }
}

void V4l2Source::lose_signal(Signal signal) {
  signal_ = signal;
  state_ = SourceState::kNoSignal;
  reason_ = describe(signal);
  newest_.reset();
}

void V4l2Source::start() {
  std::optional<Size> size = wishes_.size;
  if (timings_) {
    v4l2_dv_timings timings = *timings_;
    port().must(VIDIOC_S_DV_TIMINGS, &timings, "VIDIOC_S_DV_TIMINGS");
    if (!size) size = {static_cast<int>(timings.bt.width), static_cast<int>(timings.bt.height)};
  }
  auto formats = pipeline_ ? pipeline_->formats(*node_) : list_formats(*node_);
  for (;;) {
    const auto choice = choose_format(formats, size, wishes_.rate, wishes_.fourcc);
    if (!choice)
      throw Error(Exit::kConfig,
                  node_->path() + ": no " +
                      (wishes_.fourcc ? fourcc_name(*wishes_.fourcc) : std::string("picture")) +
                      " format that can be used",
                  wishes_.hints.unsuitable);
    try {
      return start_in(*choice);
    } catch (const Error& error) {
      // Some kernels refuse one of the receiver's formats and take the next.
      std::erase_if(formats,
                    [&](const FormatInfo& format) { return format.bus_code == choice->bus_code; });
      const bool another = choose_format(formats, size, wishes_.rate, wishes_.fourcc).has_value();
      if (error.exit() == Exit::kBusy || !another) throw;
      stop();
    }
  }
}

void V4l2Source::start_in(const Choice& choice) {
  if (pipeline_) pipeline_->set_up(choice.bus_code, choice.size);
  format_ = node_->set_format(choice.fourcc, choice.size.width, choice.size.height);
  const auto rate = node_->rate(choice.rate);
  hz_ = rate ? rate->hz() : timings_ ? timings_hz(*timings_) : 0;
  stream_ = V4l2Stream::prepare(*node_, kBuffers);
  stream_->start();
  base_ = sequence_ ? sequence_ + 1 : 0;
  started_us_ = now_us_;
  pictures_.pause();
  torn_ = timings_.has_value();  // a bridge begins in the middle of a picture
}

void V4l2Source::stop() noexcept {
  newest_.reset();
  if (stream_) stream_->stop();
  stream_.reset();
}

void V4l2Source::lose_device(const std::string& why) {
  if (node_ && node_->bus() == bus_) {
    others_.clear();
    for (const V4l2Node& node : list_nodes())
      if (node.bus() != bus_) others_.push_back(node.bus());
  }
  forget_node();
  state_ = SourceState::kNoDevice;
  reason_ = why;
}

void V4l2Source::forget_node() noexcept {
  stop();
  pipeline_.reset();
  node_.reset();
  has_events_ = false;
  timings_.reset();
  signal_ = Signal::kSteady;
}

// Takes all pictures that are ready and keeps the newest.
void V4l2Source::drain() {
  for (;;) {
    LentPicture lent;
    switch (stream_->take(lent)) {
      case Taken::kNothing:
        return;
      case Taken::kFlawed:
        ++losses_.flawed;
        flawed_us_ = now_us_;
        continue;
      case Taken::kGone:
        return lose_device(kUnplugged);
      case Taken::kBroken:
        return stop();
      case Taken::kPicture:
        break;
    }
    if (state_ != SourceState::kLive || card_.empty()) {
      driver_ = node_->driver();
      card_ = node_->card();
      bus_ = node_->bus();
    }
    picture_us_ = now_us_;
    pictures_.came(now_us_);
    sequence_ = base_ + lent.sequence();
    if (std::exchange(torn_, false)) {
      ++losses_.skipped;
      continue;
    }
    if (signal_ != Signal::kSteady) continue;  // a picture of noise, or an outdated one
    if (newest_) ++losses_.late;
    // If the timestamp did not advance, use the arrival time.
    time_us_ = lent.time_us() > time_us_ ? lent.time_us() : unix_us();
    newest_ = Picture{time_us_, sequence_, std::move(lent), format_};
    state_ = SourceState::kLive;
    // The next picture cannot be ready yet, so do not ask the driver.
    if (hz_ > 0 && unix_us() < time_us_ + static_cast<std::int64_t>(kEarly * 1e6 / hz_)) return;
  }
}

void V4l2Source::tick(std::int64_t now_us) {
  now_us_ = now_us;
  const bool due = now_us >= check_us_;
  const bool live = state_ == SourceState::kLive && now_us - picture_us_ < kCheckUs;
  if (due) check_us_ = now_us + (live ? kLiveCheckUs : kCheckUs);
  try {
    if (!node_) {
      if (due) open();
      return;
    }
    if (has_events_ && take_source_changes(*node_)) check_signal();
    if (stream_) drain();
    if (node_ && due) check_device();
  } catch (const Error& error) {
    v4l2_capability about{};
    const bool present = node_ && node_->ask(VIDIOC_QUERYCAP, &about);
    const bool impossible = error.exit() == Exit::kUsage || error.exit() == Exit::kConfig;
    // If a device refuses a wish from the start, waiting does not help. But a device that is being
    // unplugged refuses everything, and a device that worked may lack a format after it came back.
    if (impossible && present && card_.empty()) throw;
    const bool unplugged = node_ ? !present : error.exit() == Exit::kNoInput && !card_.empty();
    lose_device(unplugged ? kUnplugged : error.what());
  }
}

// Handles two cases: no pictures come, or pictures come although there may be no signal.
void V4l2Source::check_device() {
  const bool stalled = now_us_ - picture_us_ >= stall_us();
  const bool trusted = stream_ && signal_ == Signal::kSteady && has_events_;
  if (trusted && !stalled) return;
  v4l2_capability about{};
  if (stalled && !node_->ask(VIDIOC_QUERYCAP, &about)) return lose_device(kUnplugged);
  check_signal();
  if (signal_ != Signal::kSteady || !stalled) return;
  state_ = SourceState::kStalled;
  reason_ = flawed_us_ > picture_us_ ? "the driver flags all pictures as damaged"
                                     : "the capture device delivers nothing";
  if (now_us_ - started_us_ < revive_us_) return;
  revive_us_ = std::min(2 * revive_us_, kLastReviveUs);
  stop();
  start();
}

View V4l2Source::view(const Picture& picture) {
  const auto memory = picture.lent.memory();
  if (is_jpeg(picture.format.fourcc)) return memory[0];
  if (const auto image = picture.format.image(memory)) return *image;
  return {};
}

}  // namespace kvm
