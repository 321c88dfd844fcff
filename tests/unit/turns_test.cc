#include "base/turns.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/io.h"
#include "test_loop.h"

namespace kvm {
namespace {

struct TurnsTest : testing::Test, TestLoop {
  // Work that takes `us`; adds a letter to `done`.
  Loop::Call work(char letter, std::int64_t us) {
    return [this, letter, us] {
      done += letter;
      now_us += us;
    };
  }
  // Work that asks again and again, as for a client that sends without a break.
  void flood(char letter, std::int64_t us) {
    turns.ask([=, this] {
      work(letter, us)();
      flood(letter, us);
    });
  }
  Turns turns{loop};
  std::string done;
};

TEST_F(TurnsTest, AllTogetherTakeAPartOfEachTurnOfTheLoop) {
  for (char letter = 'a'; letter <= 'j'; ++letter) turns.ask(work(letter, 700));
  loop.turn(0);
  EXPECT_EQ(done, "abc") << "then 2 ms have passed";
  loop.turn(0);
  EXPECT_EQ(done, "abcdef");
  settle();
  EXPECT_EQ(done, "abcdefghij");
}

TEST_F(TurnsTest, AreTakenInRotation) {
  for (char letter = 'a'; letter <= 'e'; ++letter) flood(letter, 1000);
  for (int turn = 0; turn < 5; ++turn) loop.turn(0);
  EXPECT_EQ(done, "abcdeabcde");
}

TEST_F(TurnsTest, WorkThatIsNotDoneWaitsForTheNextTurn) {
  flood('a', 1);
  loop.turn(0);
  EXPECT_EQ(done, "a");
  loop.turn(0);
  EXPECT_EQ(done, "aa");
}

// Frames come by a descriptor, requests by timers and descriptors.
TEST_F(TurnsTest, DescriptorsAndTimersAreServedInBetween) {
  for (char letter = 'a'; letter <= 'z'; ++letter) flood(letter, 500);
  const Pipe pipe = make_pipe();
  write_all(pipe.write.get(), "!", "pipe");
  std::int64_t served_us = now_us, longest_us = 0;
  loop.watch(pipe.read.get(), EPOLLIN, [&](std::uint32_t) {
    longest_us = std::max(longest_us, now_us - served_us);
    served_us = now_us;
  });
  for (int turn = 0; turn < 100; ++turn) loop.turn(0);
  EXPECT_EQ(longest_us, Turns::kAllUs);
  loop.forget(pipe.read.get());
}

TEST_F(TurnsTest, TheLoopDoesNotSleepWhileSomebodyWaits) {
  flood('a', 3'000);
  for (int turn = 0; turn < 4; ++turn) loop.turn(3'600'000'000);
  EXPECT_EQ(done, "aaaa");
}

}  // namespace
}  // namespace kvm
