// The specification of a gadget, and the configfs tree that implements it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "usb/gadget_functions.h"
#include "usb/gadget_tree.h"

namespace kvm {

struct GadgetSpec {
  std::uint16_t vendor_id = 0x1d6b;   // Linux Foundation
  std::uint16_t product_id = 0x0104;  // Multifunction Composite Gadget
  std::string manufacturer = "kvmpi";
  std::string product = "KVM";
  std::string serial;      // "": derived from `machine`
  int max_power_ma = 100;  // what a hub without a supply of its own gives to a port
  // Whether this machine takes its current from the host, or from a supply of its own.
  enum class Power { kSelf, kBus } power = Power::kSelf;
  // As in the kernel's max_speed: "full-speed", "high-speed"…; "": the fastest that both ends know.
  std::string max_speed;
  bool remote_wakeup = false;
  std::string udc;      // the controller; "": not chosen yet
  std::string machine;  // machine_identity(): serial number and MAC addresses come from it
  std::vector<GadgetFunction> functions;
};

// Throws Error (usage) if the kernel would not accept the text as a string of the gadget.
void check_string(const std::string& text);

// The state of configfs in which the gadget is what `spec` says. Throws Error (usage).
GadgetTree tree_of(const GadgetSpec& spec);

}  // namespace kvm
