// A ReportSink that records its calls, and simulates a host that answers lock keys with its lights.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "type/report_sink.h"

namespace kvm {

class Recorder : public ReportSink {
 public:
  bool has(HidDevice device) override {
    if (device == HidDevice::kControls) return has_controls;
    return device != HidDevice::kMouse || has_mouse;
  }
  void send(const Report& report) override {
    if (fail_after == 0) throw Error(Exit::kBusy, "no host");
    --fail_after;
    reports.push_back(to_text(report));
    if (report.device != HidDevice::kKeyboard) return;
    if (report.data[2] == 0x39 && leds_ && follows) leds_->caps = !leds_->caps;  // CapsLock
    if (report.data[2] == 0x53 && leds_ && follows) leds_->num = !leds_->num;
  }
  void settle() override {}
  bool busy(HidDevice) override { return is_busy; }
  void rest(HidDevice device) noexcept override { rested.push_back(name_of(device)); }
  void let_go(const Report& report) noexcept override { let_gone.push_back(to_text(report)); }
  void pause(std::chrono::milliseconds time) override { paused += time; }
  std::optional<Leds> leds() override { return leds_; }
  bool leds_change(const Leds& before) override { return leds_ != before; }
  void wake() override { ++woken; }

  std::vector<std::string> reports, let_gone, rested;
  std::chrono::milliseconds paused{0};
  int fail_after = 1'000'000, woken = 0;
  bool has_mouse = true, has_controls = true, is_busy = false, follows = true;
  std::optional<Leds> leds_;
};

}  // namespace kvm
