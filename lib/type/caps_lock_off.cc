#include "type/caps_lock_off.h"

#include "base/error.h"

namespace kvm {
namespace {

Report with_caps_lock(KeyboardState keyboard) {
  keyboard.press(0x39);
  return keyboard.report();
}

}  // namespace

void CapsLockOff::switch_off() {
  const auto leds = sink_.leds();
  if (!leds || !leds->caps) return;
  sink_.send(with_caps_lock(keyboard_));
  // If leds() was out of date, this has switched CapsLock on. In either case restore() presses it
  // again.
  off_ = true;
  sink_.send(keyboard_.report());
  if (sink_.leds_change(*leds)) return;
  throw Error(Exit::kBusy, "CapsLock is on at the target and does not go off");
}

void CapsLockOff::restore() {
  if (!off_) return;
  const auto leds = sink_.leds();
  sink_.send(with_caps_lock(keyboard_));
  off_ = false;
  sink_.send(keyboard_.report());
  // The next text looks at the light to know whether CapsLock is on, so the light has to be
  // current.
  sink_.leds_change(leds.value_or(Leds{}));
}

CapsLockOff::~CapsLockOff() {
  if (!off_) return;
  const KeyboardState nothing;
  sink_.let_go(nothing.report());
  sink_.let_go(with_caps_lock(nothing));
  sink_.let_go(nothing.report());
}

}  // namespace kvm
