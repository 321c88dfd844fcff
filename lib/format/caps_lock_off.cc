#include "format/caps_lock_off.h"

#include <utility>

#include "base/error.h"

namespace kvm {
namespace {

Report with_caps_lock(KeyboardState keyboard) {
  keyboard.press(0x39);
  return keyboard.report();
}

}  // namespace

CapsLockOff::CapsLockOff(ReportSink& sink, const KeyboardState& keyboard)
    : sink_(sink), keyboard_(keyboard) {
  const auto leds = sink.leds();
  if (!leds || !leds->caps) return;
  sink.send(with_caps_lock(keyboard_));
  sink.send(keyboard_.report());
  if (!sink.leds_change(*leds))
    throw Error(Exit::kBusy, "CapsLock is on at the target and does not go off");
  was_on_ = true;
}

void CapsLockOff::restore() {
  if (!std::exchange(was_on_, false)) return;
  sink_.send(with_caps_lock(keyboard_));
  sink_.send(keyboard_.report());
}

CapsLockOff::~CapsLockOff() {
  if (!was_on_) return;
  const KeyboardState nothing;
  sink_.let_go(nothing.report());
  sink_.let_go(with_caps_lock(nothing));
  sink_.let_go(nothing.report());
}

}  // namespace kvm
