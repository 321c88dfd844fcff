// The keyboard's lights: read from the host, and shared with every other kvm-type.
#pragma once

#include <optional>

#include "keys/leds.h"
#include "usb/hidg.h"

namespace kvm {

class LedReader {
 public:
  // The lights as the host last set them; nullopt: unknown.
  std::optional<Leds> known() const noexcept { return leds_; }
  // Takes the newest output report from the keyboard's node, which may be null. If there is none,
  // takes the lights that another kvm-type stored. Returns whether the lights changed.
  bool read(Hidg* keyboard);
  // For when the host has gone: the next host, or the same one after a restart, sets its own
  // lights.
  void forget() noexcept;

 private:
  std::optional<Leds> leds_;
  bool remembered_ = true;  // the last report that this process read is in /run/kvm/hid
};

}  // namespace kvm
