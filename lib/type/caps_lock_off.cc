#include "type/caps_lock_off.h"

#include "base/error.h"

namespace kvm {

CapsLockOff::CapsLockOff(ReportSink& sink, const KeyboardState& keyboard, const Layout& layout)
    : sink_(sink), keyboard_(keyboard), layout_(layout.name()) {
  if (const Stroke* stroke = layout.find_keysym("Caps_Lock")) stroke_ = *stroke;
}

Report CapsLockOff::with_caps_lock(KeyboardState keyboard) const {
  for (const std::uint8_t held : stroke_->held)
    if (held != 0) keyboard.press(held);
  keyboard.press(stroke_->key);
  return keyboard.report();
}

void CapsLockOff::switch_off() {
  const auto leds = sink_.leds();
  if (!leds || !leds->caps) return;
  if (!stroke_)
    throw Error(Exit::kBusy,
                "CapsLock is on at the target, and layout " + layout_ + " has no key for it",
                "switch it off there, or give the layout to which the target is set");
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
