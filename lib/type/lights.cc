#include "type/lights.h"

#include <utility>

#include "usb/hid_memory.h"

namespace kvm {

// The kernel gives each report to one reader only, so each kvm-type remembers what it read for all
// others. A report that could not be remembered is newer than the remembered one.
bool Lights::read(Hidg* keyboard) {
  auto report = keyboard ? keyboard->read_output() : std::nullopt;
  if (report)
    remembered_ = remember_leds(*report);
  else if (remembered_)
    report = remembered_leds();
  if (!report) return false;
  const Leds now = leds_from_report(*report);
  return std::exchange(leds_, now) != now;
}

void Lights::forget() noexcept {
  leds_.reset();
  remembered_ = forget_leds();
}

}  // namespace kvm
