#include "base/turns.h"

#include <utility>

namespace kvm {

void Turns::ask(Loop::Call call) {
  waiting_.push_back(std::move(call));
  if (waiting_.size() == 1 && !running_) schedule();
}

void Turns::schedule() {
  loop_.after(0, [this] { run(); });
}

void Turns::run() {
  running_ = true;
  const std::int64_t until_us = loop_.now_us() + kAllUs;
  for (std::size_t left = waiting_.size(); left > 0 && loop_.now_us() < until_us; --left) {
    const Loop::Call call = std::move(waiting_.front());
    waiting_.pop_front();
    call();
  }
  running_ = false;
  if (!waiting_.empty()) schedule();
}

}  // namespace kvm
