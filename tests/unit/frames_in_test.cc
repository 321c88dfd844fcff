#include "hub/frames_in.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/io.h"
#include "small_jpeg.h"
#include "test_loop.h"

namespace kvm {
namespace {

struct FramesInput : testing::Test, TestLoop {
  FramesInput() {
    newest.on_frame([this] { shown.emplace_back(as_text(newest.current()->jpeg())); });
  }
  void write(const std::string& bytes) {
    write_all(input.write.get(), as_bytes(bytes), "input");
    settle();
  }
  FramesIn::Events events() {
    return {[this] { return wanted; }, [this](const std::string& why) { ends.push_back(why); }};
  }

  NewestFrame newest{loop};
  Metrics metrics;
  Pipe input = make_pipe();
  bool wanted = true;
  std::vector<std::string> shown, ends;
};

// An image whose first pixel was captured at `time_us`.
std::string image_of(std::int64_t time_us) {
  return small_jpeg(std::to_string(time_us), com_segment({time_us, 1, SourceState::kLive}));
}

TEST_F(FramesInput, PublishesWholeFramesUntilTheEnd) {
  const FramesIn frames(loop, newest, metrics, input.read.get(), events());
  const std::string a = small_jpeg("a"), b = small_jpeg("b");
  write(a + b.substr(0, 20));
  EXPECT_EQ(shown, std::vector{a});
  write(b.substr(20));
  EXPECT_EQ(shown, (std::vector{a, b}));
  EXPECT_EQ(metrics.frames, 2u);
  EXPECT_EQ(metrics.frame_bytes, a.size() + b.size());
  EXPECT_TRUE(ends.empty());
  input.write.reset();
  settle();
  EXPECT_EQ(ends, std::vector<std::string>{""});
}

TEST_F(FramesInput, ARegularFileIsReadToItsEnd) {
  std::FILE* const file = std::tmpfile();
  ASSERT_TRUE(file);
  const std::string a = small_jpeg("a"), b = small_jpeg("b");
  std::fputs("", file);
  std::fwrite((a + b).data(), 1, (a + b).size(), file);
  std::rewind(file);
  wanted = false;  // no viewer; a file is read anyway, for it has no writer to hold up
  const FramesIn frames(loop, newest, metrics, ::fileno(file), events());
  settle();
  EXPECT_EQ(shown, (std::vector{a, b}));
  EXPECT_EQ(ends, std::vector<std::string>{""});
  std::fclose(file);
}

TEST_F(FramesInput, AReadThatFailsIsTheEndAndSaysWhy) {
  const Fd folder = open_fd("/", O_RDONLY | O_DIRECTORY);
  const FramesIn frames(loop, newest, metrics, folder.get(), events());
  settle();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_NE(ends[0].find("directory"), std::string::npos) << ends[0];
}

TEST_F(FramesInput, ASourceThatSendsNothingStalls) {
  const FramesIn frames(loop, newest, metrics, input.read.get(), events());
  pass_us(5'000'000);
  EXPECT_EQ(newest.source(), std::nullopt) << "there was no frame yet";
  write(small_jpeg("a"));
  pass_us(2'900'000);
  EXPECT_EQ(newest.source(), SourceState::kLive);
  pass_us(700'000);
  EXPECT_EQ(newest.source(), SourceState::kStalled);
  write(small_jpeg("a"));
  EXPECT_EQ(newest.source(), SourceState::kLive);
}

TEST_F(FramesInput, ASlowSourceStallsAfterThreeOfItsIntervals) {
  const FramesIn frames(loop, newest, metrics, input.read.get(), events());
  for (int i = 0; i < 4; ++i) {
    write(small_jpeg("a"));
    pass_us(5'000'000);
  }
  write(small_jpeg("a"));
  pass_us(14'000'000);
  EXPECT_EQ(newest.source(), SourceState::kLive);
  pass_us(2'000'000);
  EXPECT_EQ(newest.source(), SourceState::kStalled);
  // The pause was no usual interval.
  write(small_jpeg("a"));
  for (int i = 0; i < 8; ++i) {
    pass_us(1'000'000);
    write(small_jpeg("a"));
  }
  pass_us(5'500'000);
  EXPECT_EQ(newest.source(), SourceState::kStalled);
}

TEST_F(FramesInput, NothingIsReadButTheFirstFrameWhileNobodyLooks) {
  wanted = false;
  FramesIn frames(loop, newest, metrics, input.read.get(), events());
  const std::string seen = image_of(unix_us() - 200'000);
  write(seen);
  frames.update();
  EXPECT_TRUE(newest.resting());
  write(image_of(unix_us() - 100'000));
  pass_us(5'000'000);
  EXPECT_EQ(shown, std::vector{seen});
  EXPECT_EQ(newest.source(), SourceState::kLive) << "a source that nobody reads does not stall";

  wanted = true;
  frames.update();
  settle();
  EXPECT_EQ(shown.size(), 1u) << "the frame that waited in the pipe is stale";
  const std::string fresh = image_of(unix_us() + 1'000'000);
  write(fresh);
  EXPECT_EQ(shown, (std::vector{seen, fresh}));
}

TEST_F(FramesInput, AfterARestFramesAreJudgedByTheSourcesClock) {
  // An hour behind, and an hour ahead: the frame that waited has the same age as far as we know.
  for (const std::int64_t wrong_us : {-3'600'000'000, 3'600'000'000}) {
    const Pipe pipe = make_pipe();
    const auto stamped = [&](std::int64_t when_us) {
      return image_of(unix_us() + wrong_us + when_us);
    };
    const auto send = [&](const std::string& bytes) {
      write_all(pipe.write.get(), as_bytes(bytes), "input");
      settle();
    };
    NewestFrame own(loop);
    FramesIn frames(loop, own, metrics, pipe.read.get(), events());
    wanted = false;
    send(stamped(0));
    frames.update();
    wanted = true;
    frames.update();
    send(stamped(-5'000'000));
    EXPECT_TRUE(own.resting()) << "the frame waited in the pipe";
    send(stamped(1'000'000));
    EXPECT_FALSE(own.resting()) << wrong_us;
  }
}

TEST_F(FramesInput, ASourceWhoseClockWasSetBackIsShownASecondLater) {
  wanted = false;
  FramesIn frames(loop, newest, metrics, input.read.get(), events());
  write(image_of(unix_us()));
  frames.update();
  wanted = true;
  frames.update();
  write(image_of(2'000'000));
  EXPECT_TRUE(newest.resting());
  pass_us(1'100'000);
  write(image_of(3'000'000));
  EXPECT_FALSE(newest.resting());
}

TEST_F(FramesInput, BadBytesAreCountedAndReportedOnce) {
  const FramesIn frames(loop, newest, metrics, input.read.get(), events());
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) write("noise" + small_jpeg("a"));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(metrics.dropped[static_cast<std::size_t>(Dropped::kGarbage)], 3u);
  EXPECT_NE(said.find("not a whole image: garbage"), std::string::npos) << said;
  EXPECT_EQ(said.find("skipped bytes"), said.rfind("skipped bytes"));
}

}  // namespace
}  // namespace kvm
