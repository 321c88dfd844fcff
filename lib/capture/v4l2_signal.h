// The input of an HDMI capture device: its signal, its timings, its EDID, its events.
#pragma once

#include <linux/videodev2.h>

#include <optional>
#include <string>

#include "base/io.h"
#include "capture/v4l2_port.h"

namespace kvm {

enum class Signal {
  kSteady,
  kNone,
  kUnsteady,    // the receiver cannot lock on to the signal
  kOutOfRange,  // steady, but beyond what the device can capture
};

struct SignalInfo {
  Signal signal = Signal::kSteady;
  // The timings of the signal; nullopt: there is no steady signal, or the device does not
  // report timings (webcams, dongles).
  std::optional<v4l2_dv_timings> timings;
};

SignalInfo detect_signal(const V4l2Port& port) noexcept;
// "nothing comes over the cable: …", for people.
const char* describe(Signal signal) noexcept;

// Subscribes to SOURCE_CHANGE events (POLLPRI). False if the driver does not have them.
bool subscribe_source_changes(const V4l2Port& port) noexcept;
// Takes all pending events; true if a SOURCE_CHANGE was among them.
bool take_source_changes(const V4l2Port& port) noexcept;

// Makes the device's input show this EDID to the target. Throws Error.
void set_edid(const V4l2Port& port, Bytes edid);
// True if the EDID is default_edid().
bool has_default_edid(const V4l2Port& port);
// False if the device could have an EDID but has none. The target then sees no screen.
bool has_edid(const V4l2Port& port) noexcept;

// Pictures per second, from the pixel clock and the size including the blanking.
double timings_hz(const v4l2_dv_timings& timings) noexcept;
// True for the same size, interlacing and (within 0.5 %) pixel clock.
bool same_timings(const v4l2_dv_timings& a, const v4l2_dv_timings& b) noexcept;

}  // namespace kvm
