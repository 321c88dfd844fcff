// Threads that stay, and lend a hand when called.
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

class Crew {
 public:
  // Given the helper's number, 1 to `helpers`.
  using Job = std::function<void(int)>;

  explicit Crew(int helpers);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  int helpers() const noexcept { return static_cast<int>(threads_.size()); }
  // Wakes all helpers, on other processors than the caller's where they may use any, and returns at
  // once. `job` has to stay until finish(); a helper that wakes up after that does not run it.
  void start(const Job& job);
  // Waits for those helpers that have begun. Without start() it does nothing.
  void finish() noexcept;
  // Throws what a helper threw in the last job.
  void rethrow();

 private:
  void run(int number);
  void keep_off(int processor) noexcept;

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  const Job* job_ = nullptr;
  unsigned round_ = 0;
  std::atomic<int> busy_ = 0;  // changes while the lock is held only
  bool stop_ = false;
  std::exception_ptr failure_;
  cpu_set_t allowed_{};  // processors
  int kept_off_ = -1;
  std::vector<std::jthread> threads_;
};

}  // namespace kvm
