#include "type/report_line.h"

#include "base/error.h"
#include "base/io.h"
#include "usb/hid_memory.h"

namespace kvm {
namespace {

using Clock = std::chrono::steady_clock;

// How long let_go() tries when the host takes nothing.
constexpr std::chrono::milliseconds kLetGo{200};

}  // namespace

Report nothing_down(HidDevice device) noexcept {
  return device == HidDevice::kMouse ? MouseState().report() : KeyboardState().report();
}

void ReportLine::close() noexcept {
  if (node_) poller_.unwatch(node_->fd());
  node_.reset();
}

bool ReportLine::probe() {
  const Report report = nothing_down(device_);
  if (!write(report)) return false;
  state_.probe_handed_over(Clock::now());
  remember(report);
  return true;
}

bool ReportLine::hand_over(const Report& report) {
  if (report.data[0] != 0) remember(report);
  if (!write(report)) return false;
  state_.handed_over(report, Clock::now());
  if (report.data[0] == 0) remember(report);
  return true;
}

bool ReportLine::write(const Report& report) {
  switch (node_->hand_over(report)) {
    case Handed::kOver:
      return true;
    case Handed::kBusy:
      writable(kTick);
      break;
    case Handed::kGone:
      // When the cable is pulled, the kernel drops the report that it holds, which looks like room
      // for the next report. So the earlier report counts as taken only once the next one was
      // accepted.
      state_.refuse();
      poller_.pause(kTick);
      break;
  }
  return false;
}

// Stores which buttons are down, so that the next kvm-type can release them if this one is killed.
// Called before a report in which buttons are down, and after one in which all are up.
void ReportLine::remember(const Report& report) noexcept {
  const bool down = device_ != HidDevice::kKeyboard && report.data[0] != 0;
  if (down) remember_buttons(report);
  if (!down && buttons_remembered_) forget_buttons(device_);
  buttons_remembered_ = down;
}

void ReportLine::let_go(const Report& report) noexcept {
  if (!node_ || !node_->has_turn()) return;
  const auto deadline = Clock::now() + kLetGo;
  bool handed = false;
  try {
    // Waits without the poller, which would throw again if a stop signal brought us here.
    while (Clock::now() < deadline) {
      if (!handed) {
        const Handed result = node_->hand_over(report);
        if (result == Handed::kGone) break;
        handed = result == Handed::kOver;
      }
      if (wait_for(node_->fd(), POLLOUT, kTick) && handed) break;
    }
  } catch (const Error&) {
    // The error that brought us here is reported already.
  }
  state_.taken();
  if (handed)
    remember(report);
  else
    state_.host_went();  // the next probe or report has to release what is down
}

void ReportLine::release(const Report& report) noexcept {
  buttons_remembered_ = device_ != HidDevice::kKeyboard;
  let_go(report);
  node_->end_turn();
}

}  // namespace kvm
