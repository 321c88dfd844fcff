// Making the gadget and taking it down: the commands up, plan and down of kvm-gadget-setup(1).
#pragma once

#include <string>
#include <vector>

#include "base/signals.h"
#include "usb/disc_image.h"
#include "usb/gadget_spec.h"

namespace kvm {

struct SetupOptions {
  // `functions` and `machine` are not used: the members below and this machine decide them.
  GadgetSpec spec;
  std::string profile = "kvm";
  std::vector<std::string> with;     // functions to add, as parse_function() reads them
  std::vector<std::string> without;  // functions to leave out
  MediumHints hints;
};

// Makes the gadget, or changes only what differs. If a step fails or a stop signal comes, brings
// back the previous state. Throws Error, and Stopped.
void bring_up(const SetupOptions& options, StopSignals& stop);
// Prints the steps of bring_up(), one a line, and changes nothing. Throws Error.
void print_plan(const SetupOptions& options);
// Prints shell_script(). The functions are checked against the controller only if this machine has
// it, because the script may be meant for another machine. Throws Error.
void print_script(const SetupOptions& options);

// Disconnects the gadget and removes it, even if it is only half-built. If a step fails or a stop
// signal comes, the steps already done are not undone, because a gadget half taken down is better
// than one that comes back. Throws Error, and Stopped.
void take_down(StopSignals& stop);
// Prints the steps of take_down(), one a line, and changes nothing.
void print_removal();

}  // namespace kvm
