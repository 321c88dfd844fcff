// A file or FIFO that gets a line at each change and never holds up the writer.
#pragma once

#include <string>

#include "base/fd.h"
#include "keys/keyboard_status.h"

namespace kvm {

class StatusFile {
 public:
  // "-" is stdout. A file is begun anew; a FIFO is written to whether somebody reads it or not.
  // Throws Error.
  explicit StatusFile(const std::string& path);

  // Writes `status` if it is news. What a full pipe does not take is superseded by the next.
  void write(const KeyboardStatus& status);

 private:
  std::string path_;
  Fd file_;
  std::string last_;  // what was written last, less its time
};

}  // namespace kvm
