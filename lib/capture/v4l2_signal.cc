#include "capture/v4l2_signal.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/error.h"
#include "capture/edid.h"

namespace kvm {

namespace {

std::uint32_t current_input(const V4l2Port& port) noexcept {
  int input = 0;
  return port.ask(VIDIOC_G_INPUT, &input) ? static_cast<std::uint32_t>(input) : 0;
}

// The input's status. Drivers without timings report only this, and some of them do not report it.
Signal input_status(const V4l2Port& port) noexcept {
  v4l2_input input{};
  input.index = current_input(port);
  if (!port.ask(VIDIOC_ENUMINPUT, &input)) return Signal::kSteady;
  if (input.status & (V4L2_IN_ST_NO_SIGNAL | V4L2_IN_ST_NO_POWER)) return Signal::kNone;
  if (input.status & (V4L2_IN_ST_NO_SYNC | V4L2_IN_ST_NO_H_LOCK)) return Signal::kUnsteady;
  return Signal::kSteady;
}

std::vector<std::uint8_t> edid_of(const V4l2Port& port) {
  constexpr std::uint32_t kMostBlocks = 256;  // videodev2.h
  std::vector<std::uint8_t> bytes(std::size_t{128} * kMostBlocks);
  v4l2_edid edid{};
  edid.pad = current_input(port);
  edid.blocks = kMostBlocks;
  edid.edid = bytes.data();
  if (!port.ask(VIDIOC_G_EDID, &edid)) edid.blocks = 0;
  bytes.resize(std::size_t{128} * std::min(edid.blocks, kMostBlocks));
  return bytes;
}

}  // namespace

SignalInfo detect_signal(const V4l2Port& port) noexcept {
  SignalInfo info;
  v4l2_dv_timings timings{};
  if (port.ask(VIDIOC_QUERY_DV_TIMINGS, &timings)) {
    // Some drivers report success although nothing comes over the cable.
    if (timings.bt.width == 0 || timings.bt.height == 0)
      info.signal = Signal::kNone;
    else
      info.timings = timings;
    return info;
  }
  switch (errno) {
    case ENOLINK:
      info.signal = Signal::kNone;
      break;
    case ENOLCK:
      info.signal = Signal::kUnsteady;
      break;
    case ERANGE:
      info.signal = Signal::kOutOfRange;
      break;
    default:
      info.signal = input_status(port);
  }
  return info;
}

const char* describe(Signal signal) noexcept {
  switch (signal) {
    case Signal::kNone:
      return "nothing comes over the cable: is the target on, and the cable in?";
    case Signal::kUnsteady:
      return "the signal is not steady: is it a good cable?";
    case Signal::kOutOfRange:
      return "the target sends more than the capture device takes: choose a lower resolution or "
             "rate";
    default:
      return "steady";
  }
}

bool subscribe_source_changes(const V4l2Port& port) noexcept {
  v4l2_event_subscription wanted{};
  wanted.type = V4L2_EVENT_SOURCE_CHANGE;
  wanted.id = current_input(port);
  return port.ask(VIDIOC_SUBSCRIBE_EVENT, &wanted);
}

bool take_source_changes(const V4l2Port& port) noexcept {
  bool changed = false;
  v4l2_event event{};
  while (port.ask(VIDIOC_DQEVENT, &event)) changed |= event.type == V4L2_EVENT_SOURCE_CHANGE;
  return changed;
}

void set_edid(const V4l2Port& port, Bytes bytes) {
  if (as_text(edid_of(port)) == as_text(bytes)) return;
  std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  v4l2_edid edid{};
  edid.pad = current_input(port);
  edid.blocks = static_cast<std::uint32_t>(copy.size() / 128);
  edid.edid = copy.data();
  port.must(VIDIOC_S_EDID, &edid, "VIDIOC_S_EDID (does this device have an EDID?)");
}

bool has_default_edid(const V4l2Port& port) {
  return as_text(edid_of(port)) == as_text(default_edid());
}

bool has_edid(const V4l2Port& port) noexcept {
  v4l2_edid edid{};
  edid.pad = current_input(port);
  if (!port.ask(VIDIOC_G_EDID, &edid)) return errno != ENODATA;
  return edid.blocks > 0;
}

double timings_hz(const v4l2_dv_timings& timings) noexcept {
  const v4l2_bt_timings& bt = timings.bt;
  const double pixels =
      static_cast<double>(V4L2_DV_BT_FRAME_WIDTH(&bt)) * V4L2_DV_BT_FRAME_HEIGHT(&bt);
  return pixels > 0 ? static_cast<double>(bt.pixelclock) / pixels : 0;
}

bool same_timings(const v4l2_dv_timings& a, const v4l2_dv_timings& b) noexcept {
  // Measured pixel clocks are not exact.
  const double ratio =
      b.bt.pixelclock ? static_cast<double>(a.bt.pixelclock) / static_cast<double>(b.bt.pixelclock)
                      : 0;
  return a.bt.width == b.bt.width && a.bt.height == b.bt.height &&
         a.bt.interlaced == b.bt.interlaced && ratio > 0.995 && ratio < 1.005;
}

}  // namespace kvm
