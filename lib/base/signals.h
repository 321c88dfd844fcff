// Signals as a readable descriptor, so that the reaction to a signal is ordinary code.
#pragma once

#include <signal.h>

#include <optional>
#include <vector>

#include "base/fd.h"

namespace kvm {

// Blocks the signals in this thread and in all threads that it starts later, so construct it before
// them. After the first stop signal was taken, stop signals have their default effect again: a
// second Ctrl-C kills.
class StopSignals {
 public:
  // `stops` ask the process to end; those that the process ignores (nohup(1), background jobs) stay
  // ignored. `others` mean something else, such as SIGHUP to a daemon; they stay blocked for good,
  // so that a late one does not kill a process that is about to end. Throws Error.
  explicit StopSignals(std::vector<int> stops = {SIGINT, SIGTERM, SIGHUP},
                       std::vector<int> others = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Becomes readable when a signal has arrived. Poll it together with the other descriptors.
  int fd() const noexcept { return fd_.get(); }
  // A signal of either kind that has arrived; nullopt: no signal has arrived.
  std::optional<int> take();
  // Throws Stopped if a signal has arrived. For a tool without `others`.
  void check();

 private:
  std::vector<int> stops_, others_;
  Fd fd_;
};

// Kills the process with the signal, so that the shell sees which signal ended it.
[[noreturn]] void die_of(int signal) noexcept;

}  // namespace kvm
