// To wait for what takes another thread less time than falling asleep and being woken would.
#pragma once

#include <sched.h>

#include <atomic>

namespace kvm {

// A moment's pause within a loop that waits for another thread.
inline void spin_once() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__ARM_ARCH_7A__)
  asm volatile("yield");
#endif
}

// A lock to be held for some hundred instructions. Threads that sleep for a mutex that short are
// late, and Linux wakes them on the processor of the one that was quicker.
class SpinLock {
 public:
  void lock() noexcept {
    for (int tries = 0; locked_.exchange(true, std::memory_order_acquire); ++tries) {
      // Its holder may be waiting for this processor.
      if (tries % kSpins == kSpins - 1) ::sched_yield();
      spin_once();
    }
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

 private:
  static constexpr int kSpins = 1000;
  std::atomic<bool> locked_ = false;
};

}  // namespace kvm
