// Printing the status of the gadget, once or at each change.
#pragma once

#include "base/error.h"
#include "base/signals.h"

namespace kvm {

enum class StatusFormat { kText, kJson };

// Prints the status; Exit::kNo if the host has not configured the gadget.
Exit print_status(StatusFormat format);

// Prints one line now and one at each change. Throws Stopped after a stop signal, and Error if
// stdout cannot be written.
[[noreturn]] void watch_status(StatusFormat format, StopSignals& stop);

}  // namespace kvm
