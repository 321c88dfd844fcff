// Keeps CapsLock off while a text is typed.
#pragma once

#include "type/report_sink.h"

namespace kvm {

// If switch_off() switched CapsLock and restore() did not switch it back, the destructor tries to.
class CapsLockOff {
 public:
  // `keyboard`: the keys that stay down while CapsLock is pressed.
  CapsLockOff(ReportSink& sink, const KeyboardState& keyboard) : sink_(sink), keyboard_(keyboard) {}
  ~CapsLockOff();
  CapsLockOff(const CapsLockOff&) = delete;
  CapsLockOff& operator=(const CapsLockOff&) = delete;

  // Presses CapsLock if the host's light is on. Throws Error (Exit::kBusy) if the light stays on.
  void switch_off();
  // Presses CapsLock again if switch_off() did. Returns once the host has changed the light, or
  // when the time for this has run out.
  void restore();

 private:
  ReportSink& sink_;
  KeyboardState keyboard_;
  bool off_ = false;  // switch_off() pressed CapsLock, restore() did not yet
};

}  // namespace kvm
