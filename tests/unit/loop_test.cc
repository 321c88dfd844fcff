#include "base/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "base/error.h"
#include "base/io.h"

namespace kvm {
namespace {

struct LoopTest : testing::Test {
  std::int64_t now_us = 1'000'000;
  Loop loop{[this] { return now_us; }};
  std::string done;  // a letter for each call, in order
  Loop::Call call(char letter) {
    return [this, letter] { done += letter; };
  }
};

TEST_F(LoopTest, TimersRunWhenTheyAreDueTheEarliestFirst) {
  loop.after(2000, call('c'));
  loop.after(1000, call('a'));
  loop.after(1000, call('b'));
  loop.turn(0);
  EXPECT_EQ(done, "");
  now_us += 1000;
  loop.turn(0);
  EXPECT_EQ(done, "ab");
  now_us += 5000;
  loop.turn(0);
  EXPECT_EQ(done, "abc");
}

TEST_F(LoopTest, ATimerThatATimerAddsWaitsForTheNextTurn) {
  loop.after(0, [this] {
    done += 'a';
    loop.after(0, call('b'));
  });
  loop.turn(0);
  EXPECT_EQ(done, "a");
  loop.turn(0);
  EXPECT_EQ(done, "ab");
}

TEST_F(LoopTest, DescriptorsAreServedAfterTheTimersOfTheSameTurn) {
  const Pipe pipe = make_pipe();
  write_all(pipe.write.get(), as_bytes("!"), "pipe");
  loop.watch(pipe.read.get(), EPOLLIN, [this](std::uint32_t events) {
    EXPECT_EQ(events, EPOLLIN);
    done += 'd';
  });
  loop.after(0, call('t'));
  loop.turn(0);
  EXPECT_EQ(done, "td");
  loop.turn(0);
  EXPECT_EQ(done, "tdd") << "the byte is still there";
  loop.forget(pipe.read.get());
  loop.turn(0);
  EXPECT_EQ(done, "tdd");
}

TEST_F(LoopTest, TheEventsOfADescriptorCanBeChanged) {
  const Pipe pipe = make_pipe();
  loop.watch(pipe.write.get(), 0, [this](std::uint32_t) { done += 'w'; });
  loop.turn(0);
  EXPECT_EQ(done, "");
  loop.change(pipe.write.get(), EPOLLOUT);
  loop.turn(0);
  EXPECT_EQ(done, "w");
  loop.change(99, EPOLLOUT);  // not watched: no harm
}

TEST_F(LoopTest, ACallbackMayForgetItselfAndOthersThatAreReady) {
  Pipe one = make_pipe(), other = make_pipe();
  for (Pipe* pipe : {&one, &other}) {
    write_all(pipe->write.get(), as_bytes("!"), "pipe");
    loop.watch(pipe->read.get(), EPOLLIN, [this, &one, &other](std::uint32_t) {
      done += 'x';
      for (Pipe* each : {&one, &other}) {
        loop.forget(each->read.get());
        each->read.reset();
      }
    });
  }
  loop.turn(0);
  loop.turn(0);
  EXPECT_EQ(done, "x");
}

TEST_F(LoopTest, AnEventIsNotTakenForOneOfADescriptorWithTheSameNumber) {
  Pipe one = make_pipe(), other = make_pipe();
  // The callback that runs first closes the other pipe's descriptor and uses its number again.
  const auto replace = [this](Fd& mine, Fd& theirs) {
    return [this, &mine, &theirs](std::uint32_t) {
      done += 'x';
      loop.forget(mine.get());
      const int number = theirs.get();
      loop.forget(number);
      ASSERT_EQ(::dup2(mine.get(), number), number);
      loop.watch(number, 0, [this](std::uint32_t) { done += 'y'; });
    };
  };
  for (const Pipe* pipe : {&one, &other}) write_all(pipe->write.get(), as_bytes("!"), "pipe");
  loop.watch(one.read.get(), EPOLLIN, replace(one.read, other.read));
  loop.watch(other.read.get(), EPOLLIN, replace(other.read, one.read));
  loop.turn(0);
  EXPECT_EQ(done, "x");
}

TEST_F(LoopTest, ARegularFileCannotBeWaitedFor) {
  const Fd file = open_fd("/proc/self/exe", O_RDONLY);
  EXPECT_FALSE(loop.watch(file.get(), EPOLLIN, [](std::uint32_t) {}));
  EXPECT_THROW(loop.watch(-1, EPOLLIN, [](std::uint32_t) {}), Error);
}

TEST_F(LoopTest, OtherThreadsHandCallsIn) {
  const std::thread::id mine = std::this_thread::get_id();
  std::thread other([&] {
    loop.post([&] {
      EXPECT_EQ(std::this_thread::get_id(), mine);
      done += 'p';
      loop.stop();
    });
  });
  loop.run();
  other.join();
  EXPECT_EQ(done, "p");
}

TEST_F(LoopTest, StopsBeforeItWaitsAgain) {
  loop.after(0, [this] { loop.stop(); });
  loop.before_wait([this] {
    done += 'w';
    return std::int64_t{0};
  });
  loop.run();
  EXPECT_EQ(done, "");
}

TEST_F(LoopTest, TheHookBeforeEachWaitBoundsTheSleep) {
  loop.before_wait([this] {
    done += 'w';
    return std::int64_t{0};
  });
  loop.turn(3'600'000'000);  // would sleep for an hour
  EXPECT_EQ(done, "w");
}

}  // namespace
}  // namespace kvm
