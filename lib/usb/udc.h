// USB device controllers, /sys/class/udc, and which of them the gadget uses.
// Source: the kernel's Documentation/ABI/stable/sysfs-class-udc.
#pragma once

#include <string>
#include <vector>

#include "usb/gadget.h"

namespace kvm {

struct Udc {
  std::string name;      // "fe980000.usb"
  std::string driver;    // "dwc2"; "": unknown
  std::string state;     // "not attached", "configured"...
  std::string speed;     // "high-speed"; "UNKNOWN" without a host
  std::string function;  // the gadget driver that uses the controller; "": free
  bool operator==(const Udc&) const = default;
};

// All controllers, by name.
std::vector<Udc> list_udcs();

// The state of the controller of that name; "" if no controller has the name.
std::string udc_state(const std::string& name);

// The file of the state. poll(2) reports POLLPRI once the state has changed since the last read.
std::string udc_state_path(const std::string& name);

// The controller to use: `wanted`, or else the one that the gadget is on, or else the first free
// one. Throws Error: there is no controller, there is none named `wanted`, or another gadget has
// it (the message names that gadget).
Udc choose_udc(const Gadget& gadget, const std::string& wanted);

}  // namespace kvm
