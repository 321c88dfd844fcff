// Whether a USB host is at the other end, as the kernel's device controller tells.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "keys/keyboard_status.h"

namespace kvm {

// Reads `state` and `function` of the controller in /sys/class/udc that gadget `kvm` is on
// (Documentation/ABI/stable/sysfs-class-udc), and the gadget's `suspended`.
class Cable {
 public:
  // The state now. Cheap while the host is there: three reads of open files.
  HostState state();
  // Becomes POLLPRI when the state changed since state() was called; -1: there is no controller.
  int fd() const noexcept { return state_.get(); }
  // Asks the controller for remote wake-up. Throws Error where it cannot.
  void wake();

 private:
  void open();

  std::string udc_;
  Fd state_, function_, suspended_;
};

}  // namespace kvm
