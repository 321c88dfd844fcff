#include "hub/newest_frame.h"

#include <gtest/gtest.h>

#include "small_jpeg.h"
#include "test_loop.h"

namespace kvm {
namespace {

struct NewestFrames : testing::Test, TestLoop {
  void publish(const std::string& data, FrameFacts facts = {}) {
    newest.publish(read_image(small_jpeg(data, com_segment(facts))), facts);
  }

  NewestFrame newest{loop};
};

TEST_F(NewestFrames, BeforeTheFirstFrameNothingIsKnown) {
  EXPECT_FALSE(newest.frame());
  EXPECT_FALSE(newest.current());
  EXPECT_FALSE(newest.resting());
  EXPECT_EQ(newest.source(), std::nullopt);
  EXPECT_STREQ(name_of(newest.source()), "none");
  EXPECT_EQ(newest.fps(), 0);
}

TEST_F(NewestFrames, AFrameHasItsImageItsFactsAndTheNextId) {
  const std::int64_t captured_us = unix_us() - 20'000;
  publish("a", {captured_us, 42, SourceState::kNoSignal});
  publish("b", {captured_us + 1, 43, SourceState::kNoSignal});
  const FramePtr& frame = newest.frame();
  EXPECT_EQ(frame, newest.current());
  EXPECT_EQ(frame->id, 2u);
  EXPECT_EQ(frame->time_us, captured_us + 1);
  EXPECT_EQ(frame->facts.sequence, 43u);
  EXPECT_EQ(frame->info().width, 16);
  EXPECT_EQ(frame->arrived_us, now_us);
  EXPECT_EQ(as_text(frame->jpeg()), small_jpeg("b", com_segment(frame->facts)));
  EXPECT_EQ(newest.source(), SourceState::kNoSignal);
}

TEST_F(NewestFrames, AFrameThatTellsNoTimeIsAsOldAsItsArrival) {
  const std::int64_t before_us = unix_us();
  publish("a");
  EXPECT_GE(newest.frame()->time_us, before_us);
  EXPECT_LE(newest.frame()->time_us, unix_us());
}

TEST_F(NewestFrames, AgeCountsFromArrivalWhereTheSourcesClockIsWrong) {
  // An hour ahead, an hour behind, and since the source was switched on.
  for (const std::int64_t stamp_us :
       {unix_us() + 3'600'000'000, unix_us() - 3'600'000'000, std::int64_t{5'000'000}}) {
    publish("a", {stamp_us, 1, SourceState::kLive});
    EXPECT_EQ(newest.frame()->age_us(now_us + 700), 700);
    EXPECT_NEAR(static_cast<double>(newest.frame()->time_us), static_cast<double>(unix_us()), 5e6);
  }
  publish("b", {unix_us() - 500'000, 2, SourceState::kLive});
  EXPECT_GE(newest.frame()->age_us(now_us), 500'000) << "a clock that may be right is believed";
}

TEST_F(NewestFrames, TheSamePictureHasTheSameContentWhateverItsComment) {
  publish("a", {1, 1, SourceState::kLive});
  const std::int64_t first = newest.frame()->content;
  publish("a", {2'000'000, 2, SourceState::kLive});
  EXPECT_EQ(newest.frame()->content, first);
  publish("b", {3'000'000, 3, SourceState::kLive});
  const std::int64_t second = newest.frame()->content;
  EXPECT_GT(second, first);
  publish("a", {4'000'000, 4, SourceState::kLive});
  EXPECT_GT(newest.frame()->content, second) << "an ETag must not come back";
}

TEST_F(NewestFrames, TellsOfEachFrameAndOfEachChangeOfTheSource) {
  int frames = 0;
  std::vector<std::string> states;
  newest.on_frame([&] { ++frames; });
  newest.on_source([&] { states.emplace_back(name_of(newest.source())); });
  publish("a");
  publish("b");
  newest.stalled();
  newest.stalled();
  publish("c", {1, 1, SourceState::kNoDevice});
  publish("d");
  EXPECT_EQ(frames, 4);
  EXPECT_EQ(states, (std::vector<std::string>{"live", "stalled", "no-device", "live"}));
}

TEST_F(NewestFrames, WhileItRestsNothingIsShownButTheSizeIsKnown) {
  publish("a");
  newest.rest();
  EXPECT_TRUE(newest.resting());
  EXPECT_FALSE(newest.current());
  EXPECT_EQ(newest.frame()->info().height, 8);
  publish("a");
  EXPECT_FALSE(newest.resting());
  EXPECT_TRUE(newest.current());
}

TEST_F(NewestFrames, CountsTheFramesOfTheLastSecond) {
  for (int i = 0; i < 3; ++i) {
    publish("a");
    now_us += 400'000;
  }
  EXPECT_EQ(newest.fps(), 2);
  now_us += 2'000'000;
  EXPECT_EQ(newest.fps(), 0);
}

}  // namespace
}  // namespace kvm
