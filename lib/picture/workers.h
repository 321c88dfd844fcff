// Helper threads that are kept between jobs.
#pragma once

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kvm {

class Workers {
 public:
  // Its argument is the helper's number, 1 to `helpers`.
  using Job = std::function<void(int)>;

  // Starts up to `helpers` threads: fewer where a limit of tasks or memory is reached.
  explicit Workers(int helpers);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int helpers() const noexcept { return static_cast<int>(threads_.size()); }
  // Wakes all helpers and returns at once. They avoid the caller's processor if the process may use
  // others. `job` must live until finish().
  void start(const Job& job);
  // Waits for the helpers that have begun the job. Helpers that wake up later do not begin it. Does
  // nothing without start().
  void finish() noexcept;
  // Rethrows the exception that a helper threw in the last job, if any.
  void rethrow();

 private:
  void run(int number);
  void keep_off(int processor) noexcept;

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  const Job* job_ = nullptr;
  unsigned round_ = 0;
  std::atomic<int> busy_ = 0;  // changes only while the lock is held
  bool stop_ = false;
  std::exception_ptr failure_;
  cpu_set_t allowed_{};  // the processors that this process may use
  int kept_off_ = -1;    // the processor that helpers avoid; -1: none
  std::vector<std::jthread> threads_;
};

}  // namespace kvm
