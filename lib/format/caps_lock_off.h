// CapsLock off while a text is typed, whatever it was.
#pragma once

#include "format/report_sink.h"

namespace kvm {

// Off for as long as this lives, if it was on: the host's light tells.
class CapsLockOff {
 public:
  // `keyboard` is what is down meanwhile. Throws Error (Exit::kBusy) where it does not go off.
  CapsLockOff(ReportSink& sink, const KeyboardState& keyboard);
  // When all went well these reports are taken; otherwise it is tried, as the last thing.
  void restore();
  ~CapsLockOff();
  CapsLockOff(const CapsLockOff&) = delete;
  CapsLockOff& operator=(const CapsLockOff&) = delete;

 private:
  ReportSink& sink_;
  KeyboardState keyboard_;
  bool was_on_ = false;
};

}  // namespace kvm
