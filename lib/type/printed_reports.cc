#include "type/printed_reports.h"

#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "base/io.h"

namespace kvm {

void PrintedReports::send(const Report& report) {
  printed_ += to_text(report) + "\n";
  if (printed_.size() > 1 << 16) settle();
}

void PrintedReports::settle() {
  poller_.write(STDOUT_FILENO, std::exchange(printed_, {}), "stdout");
}

void PrintedReports::let_go(const Report& report) noexcept {
  try {
    // Writes without the poller, which would throw again if a stop signal brought us here. A second
    // signal kills the process.
    write_all(STDOUT_FILENO, std::exchange(printed_, {}) + to_text(report) + "\n", "stdout");
  } catch (...) {
    // The error that brought us here is reported already, and no reader waits for these lines.
  }
}

void PrintedReports::pause(std::chrono::milliseconds time) {
  if (time.count() <= 0) return;
  settle();
  poller_.pause(time);
}

}  // namespace kvm
