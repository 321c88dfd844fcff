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
  if (is_down(report)) remember(report);
  if (!write(report)) return false;
  state_.handed_over(report, Clock::now());
  if (!is_down(report)) remember(report);
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

// Stores what is down, so that the next kvm-type can release it if this one is killed. Called
// before a report in which something is down, and after one in which nothing is. The keyboard needs
// no memory, because the first report to a host releases its keys.
void ReportLine::remember(const Report& report) noexcept {
  if (device_ == HidDevice::kKeyboard) return;
  const bool down = is_down(report);
  if (down) remember_down(report);
  if (!down && remembered_) forget_down(device_);
  remembered_ = down;
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
  remembered_ = device_ != HidDevice::kKeyboard;
  let_go(report);
  node_->end_turn();
}

}  // namespace kvm
