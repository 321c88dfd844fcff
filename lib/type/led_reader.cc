#include "type/led_reader.h"

#include <utility>

#include "usb/hid_memory.h"

namespace kvm {

// The kernel gives each output report to one reader only, so each kvm-type stores what it read in
// /run/kvm/hid, where all others find it. If we could not store ours, the stored one is older and
// is not used.
bool LedReader::read(Hidg* keyboard) {
  auto report = keyboard ? keyboard->read_output() : std::nullopt;
  if (report)
    remembered_ = remember_leds(*report);
  else if (remembered_)
    report = remembered_leds();
  if (!report) return false;
  const Leds now = leds_from_report(*report);
  return std::exchange(leds_, now) != now;
}

void LedReader::forget() noexcept {
  leds_.reset();
  remembered_ = forget_leds();
}

}  // namespace kvm
