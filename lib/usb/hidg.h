// One device node of the gadget: /dev/hidgN of a keyboard or mouse, and the turn to write to it.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "usb/hid_report.h"

namespace kvm {

// The result of a write. The kernel (f_hid) holds one report until the host polls it.
enum class Handed {
  kOver,  // the kernel holds the report now
  kBusy,  // the kernel still holds the previous report: wait for POLLOUT
  kGone,  // the host has gone, and the report that the kernel held is lost
};

class Hidg {
 public:
  // Opens the node of functions/hid.NAME. Throws Error: kNoInput, there is no such function;
  // kUnavailable, there is no node (as for a moment after the gadget was bound); kPermission.
  explicit Hidg(HidDevice device);
  // Whether the gadget has this function.
  static bool exists(HidDevice device);

  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

  // Takes the turn to write, which only one process can have (flock). False: another process has
  // it. Throws Error.
  bool take_turn();
  void end_turn() noexcept;
  bool has_turn() const noexcept { return has_turn_; }

  // Writes one report. Throws Error if the write fails in a way that Handed does not name.
  Handed hand_over(const Report& report);
  // The newest output report that came since the last call; nullopt: none came.
  std::optional<std::uint8_t> read_output();
  // Whether the last read_output() failed: no more output reports come from this node.
  bool silent() const noexcept { return silent_; }
  // Whether another node is at this path now, because the gadget was bound again.
  bool replaced() const noexcept;

 private:
  std::string path_;
  Fd fd_;
  struct stat identity_ = {};
  bool has_turn_ = false, silent_ = false;
};

}  // namespace kvm
