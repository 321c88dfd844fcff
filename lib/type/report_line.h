// One input device's line to the host: its device node, the turn to write, and what is known about
// the host.
#pragma once

#include <chrono>
#include <optional>

#include "base/poller.h"
#include "type/line_state.h"
#include "usb/hidg.h"

namespace kvm {

// How often to look again at what the kernel does not announce, such as another process's turn.
constexpr std::chrono::milliseconds kTick{10};

class ReportLine {
 public:
  // Borrows the poller, through which all but let_go() waits.
  ReportLine(HidDevice device, Poller& poller) : device_(device), poller_(poller), state_(device) {}
  ~ReportLine() { close(); }
  ReportLine(const ReportLine&) = delete;
  ReportLine& operator=(const ReportLine&) = delete;

  HidDevice device() const noexcept { return device_; }
  LineState& state() noexcept { return state_; }
  // The open device node; null while it is not open.
  Hidg* node() noexcept { return node_ ? &*node_ : nullptr; }
  // Throws as Hidg's constructor does.
  void open() { node_.emplace(device_); }
  void close() noexcept;

  // The four below need an open node. The three that hand over a report return whether the kernel
  // took it, and wait for up to kTick if it did not.
  bool probe();
  bool resend() { return hand_over(*state_.lost_report()); }
  bool hand_over(const Report& report);
  // Whether the kernel can take a report, which it cannot while it holds one; waits up to `time`.
  bool writable(std::chrono::milliseconds time) { return poller_.wait(node_->fd(), POLLOUT, time); }

  // Tries for up to 200 ms to hand over `report` and to see it taken. Does nothing without the
  // turn.
  void let_go(const Report& report) noexcept;
  // let_go() for what a killed kvm-type left down. The caller has opened the node and has the turn.
  void release(const Report& report) noexcept;

 private:
  bool write(const Report& report);
  void remember(const Report& report) noexcept;

  HidDevice device_;
  Poller& poller_;
  std::optional<Hidg> node_;
  LineState state_;
  bool buttons_remembered_ = false;  // as down, for the next kvm-type
};

// The report of the keyboard or the mouse in which nothing is down. The pointer has no such report:
// each of its reports also places it.
Report nothing_down(HidDevice device) noexcept;

}  // namespace kvm
