// The cable of an HDMI capture device: is there a signal, of what size; EDID; events.
#pragma once

#include <linux/videodev2.h>

#include <optional>
#include <string>

#include "base/io.h"
#include "capture/v4l2_node.h"

namespace kvm {

enum class Signal {
  kSteady,
  kNone,
  kUnsteady,    // something is there, the receiver cannot lock on to it
  kOutOfRange,  // steady, and more than the device takes
};

struct SignalInfo {
  Signal signal = Signal::kSteady;
  // What the cable carries; without a value the device has no timings to tell (webcams, dongles).
  std::optional<v4l2_dv_timings> timings;
};

SignalInfo detect_signal(const V4l2Node& node) noexcept;
// "nothing comes over the cable: ...", for people.
const char* describe(Signal signal) noexcept;

// Asks for SOURCE_CHANGE events (poll: POLLPRI). False where the driver has none.
bool subscribe_source_changes(const V4l2Node& node) noexcept;
// Takes all events; true if one was a SOURCE_CHANGE.
bool take_source_changes(const V4l2Node& node) noexcept;

// The device's input shows this EDID to the target from now on. Throws Error.
void set_edid(const V4l2Node& node, Bytes edid);
// After the default EDID, the target is shown one of a screen with 1080p50: what two CSI lanes
// carry.
void ask_for_less(const V4l2Node& node);
// False: the device has an input for an EDID, and it is empty, so the target sees no screen.
bool has_edid(const V4l2Node& node) noexcept;

// Pictures a second of the timings, blanking counted.
double timings_hz(const v4l2_dv_timings& timings) noexcept;
// The same size, pixel clock and interlacing.
bool same_timings(const v4l2_dv_timings& a, const v4l2_dv_timings& b) noexcept;

}  // namespace kvm
