// A ReportSink that prints the reports as lines of text on stdout.
#pragma once

#include <string>

#include "base/poller.h"
#include "type/report_sink.h"

namespace kvm {

class PrintedReports : public ReportSink {
 public:
  explicit PrintedReports(Poller& poller) : poller_(poller) {}

  bool has(HidDevice) override { return true; }
  void send(const Report& report) override;
  void settle() override;
  bool busy(HidDevice) override { return false; }
  void rest(HidDevice) noexcept override {}
  void let_go(const Report& report) noexcept override;
  void pause(std::chrono::milliseconds time) override;
  std::optional<Leds> leds() override { return std::nullopt; }
  bool leds_change(const Leds&) override { return true; }
  void wake() override {}

 private:
  Poller& poller_;
  std::string printed_;  // lines that are not written yet
};

}  // namespace kvm
