#include "base/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include <utility>

#include "base/error.h"

namespace kvm {

static sigset_t stop_set(const std::vector<int>& signals) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    // nohup(1) ignores SIGHUP on purpose, and shells ignore SIGINT in background jobs.
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  return set;
}

StopSignals::StopSignals(std::vector<int> signals) : signals_(std::move(signals)) {
  const sigset_t set = stop_set(signals_);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw Error::from_errno("signalfd");
}

StopSignals::~StopSignals() {
  const sigset_t set = stop_set(signals_);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

std::optional<int> StopSignals::take() {
  signalfd_siginfo info;
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  const sigset_t set = stop_set(signals_);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return static_cast<int>(info.ssi_signo);
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
