#include "picture/workers.h"

#include <pthread.h>

#include <exception>
#include <utility>

#include "base/clock.h"

namespace kvm {

namespace {

// How long finish() polls before it sleeps. When finish() is called, the helpers are at their last
// rows of tiles, and these take no longer than falling asleep and being woken.
constexpr std::int64_t kAwakeUs = 100;

}  // namespace

Workers::Workers(int helpers) {
  ::sched_getaffinity(0, sizeof allowed_, &allowed_);
  threads_.reserve(static_cast<std::size_t>(helpers));
  try {
    for (int number = 1; number <= helpers; ++number)
      threads_.emplace_back([this, number] { run(number); });
  } catch (const std::exception&) {
    // A limit of tasks or memory was reached: the caller does the work with fewer helpers.
  }
}

Workers::~Workers() {
  const std::scoped_lock lock(mutex_);
  stop_ = true;
  wake_.notify_all();
}

// Keeps the helpers off the caller's `processor`. Where processors are not known to share a cache
// (virtual machines, some servers), Linux wakes a helper on the caller's processor, where it would
// wait until the caller has done the work.
void Workers::keep_off(int processor) noexcept {
  if (processor == kept_off_ || processor < 0) return;
  kept_off_ = processor;
  cpu_set_t others = allowed_;
  CPU_CLR(static_cast<std::size_t>(processor), &others);
  if (CPU_COUNT(&others) == 0) return;
  for (std::jthread& thread : threads_)
    ::pthread_setaffinity_np(thread.native_handle(), sizeof others, &others);
}

void Workers::start(const Job& job) {
  keep_off(::sched_getcpu());
  const std::scoped_lock lock(mutex_);
  job_ = &job;
  ++round_;
  failure_ = nullptr;
  wake_.notify_all();
}

void Workers::finish() noexcept {
  {
    const std::scoped_lock lock(mutex_);  // after this no helper begins
    job_ = nullptr;
  }
  for (const auto until_us = monotonic_us() + kAwakeUs; busy_ > 0 && monotonic_us() < until_us;) {
  }
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return busy_ == 0; });
}

void Workers::rethrow() {
  if (std::exception_ptr failure = std::exchange(failure_, nullptr))
    std::rethrow_exception(failure);
}

void Workers::run(int number) {
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
