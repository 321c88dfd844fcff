// The present state of the gadget, read from the kernel and described for people and programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "keys/leds.h"
#include "usb/disc_image.h"
#include "usb/gadget.h"
#include "usb/gadget_functions.h"
#include "usb/udc.h"

namespace kvm {

struct GadgetStatus {
  struct Function {
    std::string name;  // "keyboard"; for a function that is not ours, its directory: "acm.0"
    std::string node;  // our end: "/dev/hidg0", "/dev/ttyGS0", "usb0"; "": no node
    bool operator==(const Function&) const = default;
  };

  bool exists = false;
  std::optional<Udc> udc;  // nullopt: the gadget is not on a controller
  std::vector<Function> functions;
  Endpoints endpoints;                 // in use
  std::optional<Endpoints> available;  // on the controller; nullopt: we do not know its driver
  std::optional<Medium> disc;          // nullopt: the gadget has no drive
  // The keyboard's LEDs as kvm-type last read them. The kernel reports each change to one reader
  // only, so they are not read from the kernel here. nullopt: no host, no keyboard, or kvm-type has
  // not run.
  std::optional<Leds> leds;

  // "configured", "suspended", "not attached"…, or "no gadget", "no controller".
  std::string state() const;
  // Whether the host has configured the gadget; the host may be asleep now.
  bool configured() const;
  bool has_keyboard() const;
  bool operator==(const GadgetStatus&) const = default;
};

GadgetStatus read_status(const Gadget& gadget);

// Several lines for people, without the last newline.
std::string describe(const GadgetStatus& status);
// "configured, high-speed, leds caps, disc empty"
std::string summarize(const GadgetStatus& status);
// kvm-gadget-setup(1) lists the members.
Json to_json(const GadgetStatus& status);

}  // namespace kvm
