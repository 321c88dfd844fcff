#include "capture/rate_gate.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvm {
namespace {

// The numbers of the pictures that pass, when pictures come at `coming_hz` for `seconds`.
std::vector<int> passed(double wanted_hz, double coming_hz, int seconds, int jitter_us = 0) {
  RateGate gate(wanted_hz);
  std::vector<int> numbers;
  for (int i = 0; i < seconds * coming_hz; ++i) {
    const auto time = 1'700'000'000'000'000 + static_cast<std::int64_t>(i * 1e6 / coming_hz) +
                      (i % 3 - 1) * jitter_us;
    if (gate.pass(time, coming_hz)) numbers.push_back(i);
  }
  return numbers;
}

TEST(RateGate, TwentyFiveOfThirtyGivesTwentyFive) {
  for (const int jitter_us : {0, 300, 3000}) {
    const auto numbers = passed(25, 30, 10, jitter_us);
    EXPECT_NEAR(static_cast<double>(numbers.size()), 250, 2) << jitter_us;
    for (std::size_t i = 1; i < numbers.size(); ++i)
      EXPECT_LE(numbers[i] - numbers[i - 1], 2) << "uneven at " << numbers[i];
  }
}

TEST(RateGate, AllPassAtTheirOwnRateAndAbove) {
  EXPECT_EQ(passed(30, 30, 10, 3000).size(), 300u);
  EXPECT_EQ(passed(60, 30, 10).size(), 300u);
}

TEST(RateGate, FractionsAndLongPeriods) {
  EXPECT_EQ(passed(0.5, 30, 10).size(), 5u);
  EXPECT_NEAR(static_cast<double>(passed(29.97, 59.94, 100).size()), 2997, 2);
}

TEST(RateGate, GoesOnAfterAClockJumpAndAfterAPause) {
  RateGate gate(10);
  EXPECT_TRUE(gate.pass(10'000'000'000, 30));
  EXPECT_TRUE(gate.pass(1'000'000, 30));
  EXPECT_FALSE(gate.pass(1'033'333, 30));
  EXPECT_TRUE(gate.pass(60'000'000, 30));
  EXPECT_FALSE(gate.pass(60'033'333, 30));  // missed pictures are not made up for
}

}  // namespace
}  // namespace kvm
