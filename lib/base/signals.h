// SIGINT, SIGTERM and SIGHUP as a readable descriptor, so that clean-up is ordinary code.
#pragma once

#include <signal.h>

#include <optional>
#include <vector>

#include "base/fd.h"

namespace kvm {

// Blocks the signals in this thread and in all threads that it starts later, so construct this
// first. After take() has returned a signal, all of them have their default effect again: a second
// Ctrl-C kills. A signal that the process ignored from the start (nohup(1)) stays ignored.
class StopSignals {
 public:
  // A daemon that reloads on SIGHUP passes only SIGINT and SIGTERM.
  explicit StopSignals(std::vector<int> signals = {SIGINT, SIGTERM, SIGHUP});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Becomes readable when a signal has arrived. Poll it together with the other descriptors.
  int fd() const noexcept { return fd_.get(); }
  // The signal that has arrived; nullopt if there is no signal.
  std::optional<int> take();
  // Throws Stopped if a signal has arrived.
  void check();

 private:
  std::vector<int> signals_;
  Fd fd_;
};

// Kills the process with the signal, so that the shell sees which signal ended it.
[[noreturn]] void die_of(int signal) noexcept;

}  // namespace kvm
