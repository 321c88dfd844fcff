#include "type/line_state.h"

namespace kvm {
namespace {

using std::chrono::milliseconds;

// A host that is listening takes a report within its polling interval, at most 10 ms for our
// devices.
constexpr milliseconds kTakenAtOnce{50};
constexpr milliseconds kStalled{500};

}  // namespace

// The first probe releases the keys that a killed kvm-type left down, and shows whether the host
// takes reports. If the host was away, a second probe follows: a controller with a FIFO
// (dummy_hcd) reports the first as taken before any host asks for it. The pointer cannot be probed,
// because its reports always place it.
LineState::Move LineState::next(Time now) const noexcept {
  if (stage_ != Stage::kMet) {
    const int wanted = device_ == HidDevice::kPointer ? 0 : stage_ == Stage::kNew ? 1 : 2;
    return probes_ < wanted ? Move::kProbe : Move::kGreet;
  }
  if (lost_report()) return Move::kResend;
  // A host that has not polled for this long may have changed its driver in the meantime.
  if (kernel_holds() && now - handed_at_ > kStalled) return Move::kMeetAgain;
  return Move::kDeliver;
}

// A host that takes its probe late, or that comes back, is only starting to listen and throws away
// the first reports: Linux for 50 ms (usbhid_open), a desktop until it has found the new keyboard.
bool LineState::host_starts(Time now) const noexcept {
  if (stage_ == Stage::kAway) return true;
  return device_ != HidDevice::kPointer && now - handed_at_ > kTakenAtOnce;
}

const Report* LineState::lost_report() const noexcept {
  return report_ && place_ == Place::kLost ? &*report_ : nullptr;
}

void LineState::probe_handed_over(Time now) noexcept {
  ++probes_;
  // The kernel had room for the probe, so the host has taken the report that the kernel held. A
  // report that was lost is not affected.
  if (kernel_holds()) taken();
  handed_at_ = now;
  refused_ = false;
}

void LineState::handed_over(const Report& report, Time now) noexcept {
  report_ = report;
  place_ = Place::kKernel;
  handed_at_ = now;
  refused_ = false;
}

void LineState::refuse() noexcept {
  host_went();
  refused_ = true;
}

void LineState::met() noexcept {
  stage_ = Stage::kMet;
  if (kernel_holds()) taken();
}

void LineState::meet_again() noexcept {
  if (stage_ == Stage::kMet) stage_ = Stage::kAway;
  probes_ = 0;
}

void LineState::host_went() noexcept {
  place_ = Place::kLost;
  meet_again();
}

}  // namespace kvm
