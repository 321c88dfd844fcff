#include "picture/pattern.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "picture/notice.h"

namespace kvm {
namespace {

std::vector<std::uint8_t> copy_of(const Image& image) {
  return {image.planes[0],
          image.planes[0] + image.strides[0] * static_cast<std::size_t>(image.height)};
}

TEST(Pattern, APictureDoesNotDependOnThoseBefore) {
  for (const char* name : {"console", "desktop", "video", "noise"})
    for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {17, 16}, {33, 47}, {320, 201}}) {
      Pattern walked(*pattern_by_name(name), width, height);
      Pattern fresh(*pattern_by_name(name), width, height);
      for (const std::uint64_t frame : {0u, 1u, 40u, 170u, 300u, 2u}) {
        const auto time = static_cast<std::int64_t>(1'700'000'000'000'000 + frame * 33333);
        walked.draw(frame, time);
        if (frame != 2) continue;
        EXPECT_EQ(copy_of(walked.draw(frame, time)), copy_of(fresh.draw(frame, time)))
            << name << " " << width << "x" << height;
      }
    }
  EXPECT_EQ(pattern_by_name(""), PatternKind::kConsole);
  EXPECT_FALSE(pattern_by_name("colour-bars"));
}

TEST(Pattern, TheConsoleIsMostlyStill) {
  Pattern pattern(PatternKind::kConsole, 640, 480);
  const auto first = copy_of(pattern.draw(1, 1'000'000));
  const auto second = copy_of(pattern.draw(2, 1'033'333));
  EXPECT_NE(first, second);
  const auto bar = static_cast<long>(640 * 2 * 16);  // only the top row moves
  EXPECT_TRUE(std::equal(first.begin() + bar, first.end(), second.begin() + bar));
}

TEST(Notice, FitsAnySize) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, {8, 16}, {64, 48}, {641, 481}, {3840, 2160}}) {
    Notice notice(width, height);
    const auto blank = copy_of(notice.draw("", ""));
    const auto words = copy_of(notice.draw("NO SIGNAL", "/dev/video0: the cable is out"));
    if (width >= 8) {
      EXPECT_NE(blank, words) << width;
    }
    EXPECT_EQ(copy_of(notice.draw("", "")), blank);
  }
}

}  // namespace
}  // namespace kvm
