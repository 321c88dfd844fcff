// A file or FIFO that receives a line at each change of the keyboard's status and never blocks the
// writer.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "keys/keyboard_status.h"

namespace kvm {

class StatusFile {
 public:
  // "-" is stdout. A file is truncated; a FIFO needs no reader. Throws Error if it cannot be
  // opened.
  explicit StatusFile(const std::string& path);

  // Writes `status` unless it is the last one written. A line that a full pipe does not take is
  // left out. Throws Error if writing fails.
  void write(const KeyboardStatus& status);

 private:
  std::string path_;
  Fd file_;
  std::optional<KeyboardStatus> last_;  // the status that was written last
};

}  // namespace kvm
