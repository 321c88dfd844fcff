// Where reports go: to the gadget's device nodes, to stdout, or to a unit test.
#pragma once

#include <chrono>
#include <optional>

#include "keys/leds.h"
#include "usb/hid_report.h"

namespace kvm {

class ReportSink {
 public:
  virtual ~ReportSink() = default;

  // Whether the gadget has this device now.
  virtual bool has(HidDevice device) = 0;
  // Hands over one report. Returns once the host has taken the device's earlier reports; throws
  // Error if the host does not take them.
  virtual void send(const Report& report) = 0;
  // Waits until the host has taken all reports. Throws as send() does.
  virtual void settle() = 0;
  // Whether send() would have to wait.
  virtual bool busy(HidDevice device) = 0;
  // Lets other processes use the device. Nothing must be down on it, and no report on its way.
  virtual void rest(HidDevice device) noexcept = 0;
  // For cleaning up after any error: tries for a moment to hand over `report` and to see that the
  // host takes it. This process keeps the turn to write until rest().
  virtual void let_go(const Report& report) noexcept = 0;

  virtual void pause(std::chrono::milliseconds time) = 0;
  // The lights that the host has set on the keyboard; nullopt: unknown.
  virtual std::optional<Leds> leds() = 0;
  // Waits until the host sets other lights than `before`; false: it did not do so in time.
  virtual bool leds_change(const Leds& before) = 0;
  // Wakes a host that is asleep (remote wake-up). Throws Error if there is no host, or if it cannot
  // be woken.
  virtual void wake() = 0;
};

}  // namespace kvm
