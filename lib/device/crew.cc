#include "device/crew.h"

#include <utility>

namespace kvm {

Crew::Crew(int helpers) {
  for (int number = 1; number <= helpers; ++number)
    threads_.emplace_back([this, number] { run(number); });
}

Crew::~Crew() {
  const std::scoped_lock lock(mutex_);
  stop_ = true;
  wake_.notify_all();
}

void Crew::start(const Job& job) {
  const std::scoped_lock lock(mutex_);
  job_ = &job;
  ++round_;
  failure_ = nullptr;
  wake_.notify_all();
}

void Crew::finish() noexcept {
  std::unique_lock lock(mutex_);
  job_ = nullptr;
  idle_.wait(lock, [this] { return busy_ == 0; });
}

void Crew::rethrow() {
  if (std::exception_ptr failure = std::exchange(failure_, nullptr))
    std::rethrow_exception(failure);
}

void Crew::run(int number) {
  std::unique_lock lock(mutex_);
  for (unsigned seen = 0;;) {
    wake_.wait(lock, [&] { return stop_ || (job_ && round_ != seen); });
    if (stop_) return;
    seen = round_;
    const Job& job = *job_;
    ++busy_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      job(number);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) failure_ = failure;
    if (--busy_ == 0) idle_.notify_all();
  }
}

}  // namespace kvm
