#include "capture/statistics.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

TEST(Statistics, ReportsAndStartsAgain) {
  Statistics statistics;
  for (int i = 0; i < 10; ++i) statistics.sent(1000, 5000);
  statistics.unchanged();
  statistics.late();
  EXPECT_EQ(statistics.report(640, 480, 5),
            "640x480, 2.0 frames/s of 1000 bytes, 5.0 ms old; 1 unchanged, 1 late, 0 missed");
  EXPECT_EQ(statistics.report(0, 0, 5),
            "0x0, 0.0 frames/s of 0 bytes, 0.0 ms old; 0 unchanged, 0 late, 0 missed");
}

TEST(Statistics, AGapThatNoLossExplainsIsMissed) {
  Statistics statistics;
  statistics.arrived(70);  // the first number may be any
  statistics.arrived(71);
  statistics.lost({.flawed = 1});
  statistics.lost({.late = 1, .skipped = 1});
  statistics.arrived(76);  // 72 to 75 are gone, one of them unexplained
  EXPECT_EQ(statistics.last_sequence(), 76u);
  EXPECT_EQ(statistics.report(1, 1, 1),
            "1x1, 0.0 frames/s of 0 bytes, 0.0 ms old; 0 unchanged, 1 late, 1 missed, 1 flawed");
}

TEST(Statistics, FlawedPicturesCountAlthoughNoneArrives) {
  Statistics statistics;
  statistics.lost({.flawed = 3});
  EXPECT_EQ(statistics.report(1, 1, 1),
            "1x1, 0.0 frames/s of 0 bytes, 0.0 ms old; 0 unchanged, 0 late, 0 missed, 3 flawed");
}

TEST(Statistics, DamagedPicturesAreCountedByTheirFault) {
  Statistics statistics;
  statistics.damaged(JpegFault::kCorrupt);
  statistics.damaged(JpegFault::kTruncated);
  statistics.damaged(JpegFault::kTruncated);
  EXPECT_EQ(statistics.report(1, 1, 1),
            "1x1, 0.0 frames/s of 0 bytes, 0.0 ms old; 0 unchanged, 0 late, 0 missed, "
            "2 truncated, 1 corrupt");
}

}  // namespace
}  // namespace kvm
