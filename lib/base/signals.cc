#include "base/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace kvm {

// The stop signals that are not ignored: nohup(1) ignores SIGHUP on purpose, and shells ignore
// SIGINT in background jobs.
static sigset_t stop_set(const std::vector<int>& stops) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : stops) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  return set;
}

StopSignals::StopSignals(std::vector<int> stops, std::vector<int> others)
    : stops_(std::move(stops)), others_(std::move(others)) {
  sigset_t set = stop_set(stops_);
  for (const int signal : others_) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw Error::from_errno("signalfd");
}

StopSignals::~StopSignals() {
  const sigset_t set = stop_set(stops_);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

std::optional<int> StopSignals::take() {
  signalfd_siginfo info;
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  const auto signal = static_cast<int>(info.ssi_signo);
  if (std::ranges::find(others_, signal) == others_.end()) {
    const sigset_t set = stop_set(stops_);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  }
  return signal;
}

void StopSignals::check() {
  if (const auto signal = take()) throw Stopped{*signal};
}

void die_of(int signal) noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  raise(signal);
  _exit(128 + signal);
}

}  // namespace kvm
