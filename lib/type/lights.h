// The keyboard's lights: read from the host, and shared with every other kvm-type.
#pragma once

#include <optional>

#include "keys/leds.h"
#include "usb/hidg.h"

namespace kvm {

class Lights {
 public:
  // The host's last known lights; nullopt: it has not told them.
  std::optional<Leds> known() const noexcept { return leds_; }
  // Takes the newest output report from the keyboard's node, which may be null. If there is none,
  // takes the lights that another kvm-type remembered. Returns whether the lights changed.
  bool read(Hidg* keyboard);
  // The host went: the next host, or the same one after a restart, has lights of its own.
  void forget() noexcept;

 private:
  std::optional<Leds> leds_;
  bool remembered_ = true;  // the last report that this process read is in /run/kvm
};

}  // namespace kvm
