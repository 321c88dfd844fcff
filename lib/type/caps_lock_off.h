// CapsLock off while a text is typed, whatever it was.
#pragma once

#include "type/report_sink.h"

namespace kvm {

// What was switched is switched back at the latest when this goes: then it is tried, as the last
// thing.
class CapsLockOff {
 public:
  // `keyboard` is what is down meanwhile.
  CapsLockOff(ReportSink& sink, const KeyboardState& keyboard) : sink_(sink), keyboard_(keyboard) {}
  ~CapsLockOff();
  CapsLockOff(const CapsLockOff&) = delete;
  CapsLockOff& operator=(const CapsLockOff&) = delete;

  // If the host's light is on. Throws Error (Exit::kBusy) where it does not go off.
  void switch_off();
  // When all went well: comes back once the host shows its light, or should have.
  void restore();

 private:
  ReportSink& sink_;
  KeyboardState keyboard_;
  bool off_ = false;  // by us
};

}  // namespace kvm
