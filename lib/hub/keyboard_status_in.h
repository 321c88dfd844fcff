// kvm-type's status lines, read back from a FIFO.
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
  // `on_change` is called after every line that says something new. Throws Error: the file must be
  // there (mkfifo(1) makes one).
  KeyboardStatusIn(Loop& loop, const std::string& path,
                   std::function<void(const KeyboardStatus&)> on_change);

  // nullopt before the first line.
  const std::optional<KeyboardStatus>& status() const noexcept { return status_; }

 private:
  void ready();
  void line(std::string_view text);

  Loop& loop_;
  std::string path_;
  std::function<void(const KeyboardStatus&)> on_change_;
  Fd fd_;
  std::string pending_;
  std::optional<KeyboardStatus> status_;
};

}  // namespace kvm
