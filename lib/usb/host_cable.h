// Whether a USB host is at the other end of the cable, according to the kernel's USB device
// controller (UDC).
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "keys/keyboard_status.h"

namespace kvm {

// Reads `state` and `function` of the controller to which the gadget `kvm` is bound, in
// /sys/class/udc (Documentation/ABI/stable/sysfs-class-udc), and the gadget's `suspended`.
class HostCable {
 public:
  // The state now. While the host is there this costs three reads of open files.
  HostState state();
  // Signals POLLPRI when the state has changed since the last state(). -1: there is no controller.
  int fd() const noexcept { return state_.get(); }
  // Asks the controller for remote wake-up. Throws Error if the controller refuses.
  void wake();

 private:
  void open();

  std::string udc_;
  Fd state_, function_, suspended_;
};

}  // namespace kvm
