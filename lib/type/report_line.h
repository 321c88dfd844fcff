// One input device's line to the host: its device node, the turn to write, and what is known about
// the host.
#pragma once

#include <chrono>
#include <optional>

#include "base/poller.h"
#include "type/line_state.h"
#include "usb/hidg.h"

namespace kvm {

// How often to check for changes that the kernel does not signal, such as another process's turn.
constexpr std::chrono::milliseconds kTick{10};

class ReportLine {
 public:
  // Borrows the poller. All functions but let_go() wait through it.
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

  // The next four functions need an open node. The first three hand over a report and return
  // whether the kernel took it; if it did not, they wait for up to kTick.
  bool probe();
  bool resend() { return hand_over(*state_.lost_report()); }
  bool hand_over(const Report& report);
  // Whether the kernel can take a report, which it cannot while it holds one; waits up to `time`.
  bool writable(std::chrono::milliseconds time) { return poller_.wait(node_->fd(), POLLOUT, time); }

  // Tries for up to 200 ms to hand over `report` and to see that the host takes it. Does nothing
  // without the turn.
  void let_go(const Report& report) noexcept;
  // Calls let_go() to release the keys or buttons that a killed kvm-type left down. The caller has
  // opened the node and has the turn.
  void release(const Report& report) noexcept;

 private:
  bool write(const Report& report);
  void remember(const Report& report) noexcept;

  HidDevice device_;
  Poller& poller_;
  std::optional<Hidg> node_;
  LineState state_;
  bool remembered_ = false;  // something is stored as down, for the next kvm-type
};

}  // namespace kvm
