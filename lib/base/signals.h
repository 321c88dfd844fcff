// Signals as a readable descriptor, so that the reaction to a signal is ordinary code.
#pragma once

#include <signal.h>

#include <optional>
#include <vector>

#include "base/fd.h"

namespace kvm {

// Blocks the signals in the calling thread and in all threads that this thread starts later, so
// construct a StopSignals first. After take() has returned a stop signal, stop signals have their
// default effect again: a second Ctrl-C kills the process.
class StopSignals {
 public:
  // `stops` ask the process to end; those that the process ignores (nohup(1), background jobs) stay
  // ignored. `others` mean something else, such as SIGHUP to a daemon; these stay blocked for
  // good, so that a late signal does not kill a process that is about to end. Throws Error.
  explicit StopSignals(std::vector<int> stops = {SIGINT, SIGTERM, SIGHUP},
                       std::vector<int> others = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Becomes readable when a signal has arrived. Poll it together with the other descriptors.
  int fd() const noexcept { return fd_.get(); }
  // Takes and returns one signal of either kind that has arrived; nullopt: no signal has arrived.
  std::optional<int> take();
  // Throws Stopped if any signal has arrived, so only a tool without `others` may call it.
  void check();

 private:
  std::vector<int> stops_, others_;
  Fd fd_;
};

// Kills the process with the signal, so that the shell sees which signal ended it.
[[noreturn]] void die_of(int signal) noexcept;

}  // namespace kvm
