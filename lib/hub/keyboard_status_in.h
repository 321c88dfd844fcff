// The status lines of kvm-type (keys/keyboard_status.h), read from a FIFO or file on the event
// loop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/loop.h"
#include "keys/keyboard_status.h"

namespace kvm {

class KeyboardStatusIn {
 public:
  // Calls `on_change` after every line that changes the status. Lines that are not status lines are
  // skipped. An empty path reads nothing. Throws Error if the file cannot be opened.
  KeyboardStatusIn(Loop& loop, const std::string& path,
                   std::function<void(const KeyboardStatus&)> on_change);

  // nullopt before the first line.
  const std::optional<KeyboardStatus>& status() const noexcept { return status_; }

 private:
  void ready();
  void take_lines();
  void take(std::string_view line);

  Loop& loop_;
  std::string path_;
  std::function<void(const KeyboardStatus&)> on_change_;
  Fd fd_;
  std::string pending_;  // the beginning of a line whose end was not read yet
  std::optional<KeyboardStatus> status_;
};

}  // namespace kvm
