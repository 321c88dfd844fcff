// Keeps CapsLock off while a text is typed.
#pragma once

#include <optional>
#include <string>

#include "keys/layout.h"
#include "type/report_sink.h"

namespace kvm {

// If switch_off() switched CapsLock and restore() did not switch it back, the destructor tries to.
class CapsLockOff {
 public:
  // `keyboard`: the keys that stay down while CapsLock is pressed. `layout`: names the keys that
  // switch CapsLock, which on "jp" are Shift and CapsLock. On "us:colemak" no key does: there the
  // CapsLock key is Backspace.
  CapsLockOff(ReportSink& sink, const KeyboardState& keyboard, const Layout& layout);
  ~CapsLockOff();
  CapsLockOff(const CapsLockOff&) = delete;
  CapsLockOff& operator=(const CapsLockOff&) = delete;

  // Presses CapsLock if the host's light is on. Throws Error (Exit::kBusy) if the light stays on or
  // the layout has no key for CapsLock.
  void switch_off();
  // Presses CapsLock again if switch_off() did. Returns once the host has changed the light, or
  // when the time for this has run out.
  void restore();

 private:
  Report with_caps_lock(KeyboardState keyboard) const;

  ReportSink& sink_;
  KeyboardState keyboard_;
  std::string layout_;            // its name
  std::optional<Stroke> stroke_;  // that switches CapsLock
  bool off_ = false;              // switch_off() pressed CapsLock, restore() did not yet
};

}  // namespace kvm
