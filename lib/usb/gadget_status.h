// How the gadget is now: what status, watch and the drive's commands tell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "keys/leds.h"
#include "usb/gadget.h"
#include "usb/gadget_spec.h"

namespace kvm {

// The drive that the target sees.
struct DiscStatus {
  std::string image;  // "": no medium
  bool cdrom = false;
  bool writable = false;
  bool operator==(const DiscStatus&) const = default;
};

struct GadgetStatus {
  struct Function {
    std::string name;  // "keyboard"; a directory of functions/ that is not ours as it is
    std::string node;  // "/dev/hidg0", "/dev/ttyGS0", "usb0"; "": has none
    bool operator==(const Function&) const = default;
  };

  bool exists = false;
  std::optional<Udc> udc;  // none: not connected to a controller
  std::vector<Function> functions;
  Endpoints endpoints;
  std::optional<Endpoints> available;  // of the controller, where we know
  std::optional<DiscStatus> disc;      // none: there is no drive
  // Of the keyboard, as a kvm-type has last read them: the kernel tells each change but once, and
  // they are not taken from it here. None: no host, no keyboard, or nobody has.
  std::optional<Leds> leds;

  // "configured", "suspended", "not attached"…, or "no gadget", "no controller".
  std::string state() const;
  // The host talks to it. A sleeping host counts.
  bool configured() const;
  bool has_keyboard() const;
  bool operator==(const GadgetStatus&) const = default;
};

GadgetStatus read_status(const Gadget& gadget);

std::string describe(const DiscStatus& disc);
// Several lines for people, the last one without its newline.
std::string describe(const GadgetStatus& status);
// "configured, high-speed, leds caps, disc empty"
std::string summarize(const GadgetStatus& status);
// One JSON object, without a newline; its members are in kvm-gadget-setup(1).
Json to_json(const GadgetStatus& status);

}  // namespace kvm
