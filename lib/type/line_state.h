// The state of one input device's connection to the USB host: whether the host listens, and where
// the last report is. Does no I/O.
#pragma once

#include <chrono>
#include <optional>

#include "usb/hid_report.h"

namespace kvm {

class LineState {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Stage {
    kNew,   // no host has listened since this process started
    kAway,  // a host listened before, but has gone away or fallen silent
    kMet,   // the host listens
  };
  // The next thing to do while a host is there and this process has the turn to write.
  enum class Move {
    kProbe,      // hand over a report in which nothing is down
    kGreet,      // wait until the last probe is taken, then give the host time to start
    kResend,     // hand over lost_report()
    kMeetAgain,  // the host takes nothing: call meet_again()
    kDeliver,    // hand over the next report, or check that the last one is taken
  };

  explicit LineState(HidDevice device) : device_(device) {}

  Stage stage() const noexcept { return stage_; }
  Move next(Time now) const noexcept;
  // Whether the host, having taken the last probe, needs time to start before the next report.
  bool host_starts(Time now) const noexcept;
  // Whether the kernel was given a report that the host may not have taken yet.
  bool kernel_holds() const noexcept { return report_ && place_ == Place::kKernel; }
  // The report that was lost when the host went away; null: no report was lost.
  const Report* lost_report() const noexcept;
  // Whether a report is still to be taken: held by the kernel, or lost.
  bool unsettled() const noexcept { return report_.has_value(); }
  // Whether the kernel refused the last report: there is no host, whatever the controller says.
  bool refused() const noexcept { return refused_; }

  // The kernel took a probe, or a report.
  void probe_handed_over(Time now) noexcept;
  void handed_over(const Report& report, Time now) noexcept;
  // The kernel refused a report because there is no host.
  void refuse() noexcept;
  // The host listens: it took everything that the kernel held.
  void met() noexcept;
  // The host took the report that the kernel held.
  void taken() noexcept { report_.reset(); }
  // The host may have stopped listening. The kernel still holds its report.
  void meet_again() noexcept;
  // The host went away, and the kernel dropped the report that it held.
  void host_went() noexcept;

 private:
  enum class Place { kKernel, kLost };

  HidDevice device_;
  Stage stage_ = Stage::kNew;
  int probes_ = 0;  // handed over since the host was last known to be away
  std::optional<Report> report_;
  Place place_ = Place::kKernel;  // where `report_` is
  Time handed_at_;                // when the kernel took the last report or probe
  bool refused_ = false;
};

}  // namespace kvm
