#include "device/printed_reports.h"

#include <cstdio>

#include "base/error.h"

namespace kvm {

void PrintedReports::send(const Report& report) {
  std::puts(to_text(report).c_str());
}

void PrintedReports::settle() {
  if (std::fflush(stdout) != 0) throw Error::from_errno("stdout");
}

void PrintedReports::let_go(const Report& report) noexcept {
  std::puts(to_text(report).c_str());
  std::fflush(stdout);
}

void PrintedReports::pause(std::chrono::milliseconds time) {
  if (time.count() <= 0) return;
  settle();
  poller_.pause(time);
}

}  // namespace kvm
