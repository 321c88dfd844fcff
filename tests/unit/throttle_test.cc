#include "net/throttle.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

struct ThrottleTest : testing::Test {
  void fail(const std::string& address) {
    throttle.begins(address, now);
    throttle.ends(address, true, now);
  }
  void succeed(const std::string& address) {
    throttle.begins(address, now);
    throttle.ends(address, false, now);
  }
  Throttle throttle;
  std::int64_t now = 1'000'000'000;
};

TEST_F(ThrottleTest, WaitsGrowAndEnd) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0) << i;
    fail("192.0.2.1");
  }
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 2);
  EXPECT_EQ(throttle.wait_s("192.0.2.2", now), 0);
  now += 2'000'000;
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0);
  for (int i = 0; i < 20; ++i) fail("192.0.2.1");
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 64);
  now += 3'601'000'000;
  fail("192.0.2.2");
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0);
  for (int i = 0; i < 4; ++i) fail("2001:db8:1:2:3::" + std::to_string(i));
  EXPECT_EQ(throttle.wait_s("2001:db8:1:2:ffff::1", now), 2);
}

TEST_F(ThrottleTest, ASuccessForgivesNone) {
  for (int i = 0; i < 4; ++i) {
    fail("192.0.2.1");
    now += 10'000'000;
    succeed("192.0.2.1");
  }
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0) << "a success does not lengthen the wait, either";
  fail("192.0.2.1");
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 4);
}

TEST_F(ThrottleTest, AnAddressInTheFullTableForgetsNobody) {
  for (int i = 0; i < 10'000; ++i) {
    ++now;
    fail("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  }
  for (int i = 0; i < 3; ++i) fail("10.0.0.0");
  for (int i = 0; i < 4; ++i) fail("10.0.0.255");
  EXPECT_EQ(throttle.wait_s("10.0.0.0", now), 2);
  for (int i = 0; i < 3; ++i) fail("10.0.0.1");
  EXPECT_EQ(throttle.wait_s("10.0.0.1", now), 2) << "its first failure was not forgotten";
}

TEST_F(ThrottleTest, AtTheSameTimeCountFromTheirBeginning) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0) << i;
    throttle.begins("192.0.2.1", now);
  }
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 1);
  throttle.ends("192.0.2.1", false, now);
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0);
  for (int i = 0; i < 3; ++i) throttle.ends("192.0.2.1", true, now);
  fail("192.0.2.1");
  now += 2'000'000;
  throttle.begins("192.0.2.1", now);
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 1) << "only one attempt at a time";
}

}  // namespace
}  // namespace kvm
