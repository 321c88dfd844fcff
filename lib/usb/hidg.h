// One device node of the gadget: /dev/hidgN of a keyboard or mouse, and the turn to write to it.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "usb/hid_report.h"

namespace kvm {

// What became of a write. The kernel (f_hid) holds one report until the host has polled it.
enum class Handed {
  kOver,  // the kernel has it
  kBusy,  // it still holds the one before: wait for POLLOUT
  kGone,  // there is no host any more, and what it held is lost
};

class Hidg {
 public:
  // The node of functions/hid.NAME. Throws Error: kNoInput, no such function; kUnavailable, no node
  // (as for a moment after the gadget was bound); kPermission.
  explicit Hidg(HidDevice device);
  // Whether the gadget has this function.
  static bool exists(HidDevice device);

  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

  // The turn: one writer at a time (flock). False: another process has it.
  bool take_turn();
  void end_turn() noexcept;
  bool has_turn() const noexcept { return has_turn_; }

  // Throws Error where the kernel says something else than these three.
  Handed hand_over(const Report& report);
  // The newest output report that has come since the last call.
  std::optional<std::uint8_t> read_output();
  // Reading failed: no more output reports come from this one.
  bool silent() const noexcept { return silent_; }
  // Whether the node at its path is another one now: the gadget was bound anew.
  bool replaced() const noexcept;

 private:
  std::string path_;
  Fd fd_;
  struct stat identity_ = {};
  bool has_turn_ = false, silent_ = false;
};

}  // namespace kvm
