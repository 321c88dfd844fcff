// SIGINT, SIGTERM and SIGHUP as a readable descriptor, so that clean-up is ordinary code.
#pragma once

#include <signal.h>

#include <optional>
#include <vector>

#include "base/fd.h"

namespace kvm {

// Blocks them in this thread and all it starts later: construct it first. After the first one is
// taken the others have their default effect again, so a second Ctrl-C kills.
class StopSignals {
 public:
  // A daemon, to which SIGHUP means something else, names the other two.
  explicit StopSignals(std::vector<int> signals = {SIGINT, SIGTERM, SIGHUP});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Becomes readable when one has come: poll it beside everything else that is waited for.
  int fd() const noexcept { return fd_.get(); }
  // The signal, if one has come.
  std::optional<int> take();
  // Throws Stopped if one has come.
  void check();

 private:
  std::vector<int> signals_;
  Fd fd_;
};

// Ends the process as if the signal had never been caught, so that the shell sees it.
[[noreturn]] void die_of(int signal) noexcept;

}  // namespace kvm
