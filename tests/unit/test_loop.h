// An event loop with a clock that the test sets.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/loop.h"

namespace kvm {

// A loop whose time passes only as the test says.
struct TestLoop {
  std::int64_t now_us = 1'000'000'000;
  std::int64_t look_us = 0;  // passes with each look at the clock, as if there were much to do
  Loop loop{[this] { return now_us += look_us; }};

  // Runs everything that is due or ready now.
  void settle() {
    for (int i = 0; i < 5; ++i) loop.turn(0);
  }
  // Lets time pass in steps of 50 ms. No timer under test is shorter.
  void pass_us(std::int64_t us) {
    for (const std::int64_t end_us = now_us + us; now_us < end_us;) {
      now_us = std::min(end_us, now_us + 50'000);
      settle();
    }
  }
};

}  // namespace kvm
