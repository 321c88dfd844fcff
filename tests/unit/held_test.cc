#include "hub/held.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

using Lines = std::vector<std::string>;
constexpr ViewerId kAnn = 1, kBob = 2;

Action action(std::string_view line) {
  return std::get<Action>(parse_action(line));
}

struct HeldTest : testing::Test {
  void apply(ViewerId viewer, std::initializer_list<std::string_view> lines,
             std::int64_t now_us = 0) {
    for (const std::string_view line : lines) held.apply(viewer, action(line), now_us);
  }
  bool releases(ViewerId viewer, std::string_view line) const {
    return held.releases(viewer, action(line));
  }
  Held held;
};

TEST_F(HeldTest, ReleasesWhatAViewerPressedAndDidNotRelease) {
  apply(kAnn, {"buttondown left", "keydown ctrl+a x:eacute", "keyup a", "buttondown right",
               "buttonup left"});
  EXPECT_EQ(held.release(kAnn), (Lines{"keyup k:29", "keyup x:eacute", "buttonup right"}));
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(held.release(kAnn), Lines{});
}

TEST_F(HeldTest, AKeyThatIsPressedTwiceIsReleasedOnce) {
  apply(kAnn, {"keydown a", "keydown k:30"});
  EXPECT_EQ(held.release(kAnn), Lines{"keyup k:30"});
}

TEST_F(HeldTest, ActionsThatHoldNothingLeaveNothing) {
  apply(kAnn, {"key a", "click left", "type b", "mouseto 0.5 0.5", "wheel 1", "keyup a"});
  EXPECT_TRUE(held.empty());
}

TEST_F(HeldTest, WhatAnotherViewerHoldsAsWellStaysDown) {
  apply(kAnn, {"keydown shift", "buttondown left", "keydown a"});
  apply(kBob, {"keydown shift", "buttondown left"});
  EXPECT_EQ(held.release(kAnn), Lines{"keyup k:30"});
  EXPECT_EQ(held.release(kBob), (Lines{"keyup k:42", "buttonup left"}));
}

TEST_F(HeldTest, ReleaseallIsForAllViewers) {
  apply(kAnn, {"keydown a"});
  apply(kBob, {"keydown b"});
  EXPECT_TRUE(releases(kBob, "releaseall"));
  apply(kBob, {"releaseall"});
  EXPECT_TRUE(held.empty());
  EXPECT_FALSE(releases(kBob, "releaseall"));
}

TEST_F(HeldTest, KnowsWhichActionsReleaseSomething) {
  apply(kAnn, {"keydown ctrl+a", "buttondown left"});
  for (const char* line : {"keyup a", "keyup b ctrl", "keyup k:29", "buttonup 1"})
    EXPECT_TRUE(releases(kAnn, line)) << line;
  for (const char* line : {"keyup b", "keyup x:a", "keydown a", "key a", "buttonup right",
                           "buttondown left", "click left", "wake"})
    EXPECT_FALSE(releases(kAnn, line)) << line;
  EXPECT_FALSE(releases(kBob, "keyup a")) << "Ann holds this key";
}

TEST_F(HeldTest, KnowsWhoHoldsSomethingAndIsSilent) {
  apply(kAnn, {"keydown a"}, 1000);
  apply(kBob, {"keydown b"}, 2000);
  apply(3, {"key c"}, 0);
  EXPECT_EQ(held.silent(1000), std::vector<ViewerId>{});
  EXPECT_EQ(held.silent(1001), std::vector{kAnn});
  held.heard(kAnn, 3000);
  EXPECT_EQ(held.silent(2500), std::vector{kBob});
  apply(kBob, {"mousemove 1 1"}, 4000);
  EXPECT_EQ(held.silent(2500), std::vector<ViewerId>{});
  held.heard(3, 0);
  EXPECT_EQ(held.holders(), (std::vector{kAnn, kBob}));
}

}  // namespace
}  // namespace kvm
