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
    // Without the poller: a stop signal may be what brought us here. The next one kills.
    write_all(STDOUT_FILENO, std::exchange(printed_, {}) + to_text(report) + "\n", "stdout");
  } catch (const Error&) {
    // Whatever brought us here is said already.
  }
}

void PrintedReports::pause(std::chrono::milliseconds time) {
  if (time.count() <= 0) return;
  settle();
  poller_.pause(time);
}

}  // namespace kvm
