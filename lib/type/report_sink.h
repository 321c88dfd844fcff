// Where reports go: the gadget's device nodes, or a print-out. The seam between pure and real.
#pragma once

#include <chrono>
#include <optional>

#include "keys/leds.h"
#include "usb/hid_report.h"

namespace kvm {

class ReportSink {
 public:
  virtual ~ReportSink() = default;

  // Whether there is such a device, as far as can be told now.
  virtual bool has(HidDevice device) = 0;
  // Hands over one report. Returns once the device's reports before this one were taken by the
  // host; throws Error where that does not come about.
  virtual void send(const Report& report) = 0;
  // Waits until the host has taken all of them.
  virtual void settle() = 0;
  // Whether send() would have to wait.
  virtual bool busy(HidDevice device) = 0;
  // Nothing is down on this device and nothing is under way: others may use it.
  virtual void rest(HidDevice device) noexcept = 0;
  // On the way out, whatever went wrong: tries to hand over `report` and to see it taken. The turn
  // to write stays until rest().
  virtual void let_go(const Report& report) noexcept = 0;

  virtual void pause(std::chrono::milliseconds time) = 0;
  // What the host shows on the keyboard; nullopt: it has not said.
  virtual std::optional<Leds> leds() = 0;
  // Waits for the host to say something else than `before`: false if it does not.
  virtual bool leds_change(const Leds& before) = 0;
  // Remote wake-up of a host that is asleep. Throws Error where there is none.
  virtual void wake() = 0;
};

}  // namespace kvm
