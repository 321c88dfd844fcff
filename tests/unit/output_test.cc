#include "capture/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

namespace kvm {
namespace {

// The frame is larger than any pipe, so it is written in pieces that end anywhere in its parts.
TEST(FrameOutput, AFrameInPartsGoesThroughAPipeThatIsTooSmall) {
  const std::string fifo = testing::TempDir() + "frames-" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Fd reader = open_fd(fifo, O_RDONLY | O_NONBLOCK);
  FrameOutput output(fifo);

  std::vector<std::uint8_t> all(3'000'000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i * 7 / 5);
  const Bytes bytes(all);
  const FrameParts frame{bytes.first(2), bytes.subspan(2, 40), Bytes{},
                         bytes.subspan(42, 1'500'001), bytes.subspan(1'500'043)};
  ASSERT_EQ(joined(frame), all);

  ASSERT_TRUE(output.ready());
  output.begin(frame, 0);
  ASSERT_TRUE(output.writing());
  EXPECT_FALSE(output.ready());
  std::vector<std::uint8_t> got(all.size());
  std::size_t size = 0;
  while (size < got.size()) {
    const std::size_t most = std::min<std::size_t>(got.size() - size, 777'777);
    const ssize_t n = ::read(reader.get(), &got[size], most);
    ASSERT_GT(n, 0) << size;
    size += static_cast<std::size_t>(n);
    output.push();
  }
  EXPECT_FALSE(output.writing());
  EXPECT_TRUE(output.ready());
  EXPECT_EQ(got, all);
  ::unlink(fifo.c_str());
}

TEST(FileOutput, AHourThatComesTwiceLosesNothing) {
  const std::string folder = testing::TempDir() + "hours-" + std::to_string(::getpid()) + "/";
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  const std::string earlier = folder + "0100.frames";
  write_all(open_fd(earlier, O_WRONLY | O_CREAT, 0600).get(), as_bytes("old"), earlier);
  ::setenv("TZ", "WINTER0SUMMER-1,M3.5.0,M10.5.0", 1);
  ::tzset();  // localtime_r() would keep the zone that an earlier test used
  FileOutput output(folder + "%H%M.frames");
  // 2026-10-25, 00:00 to 01:02 UTC: 01:00 and 01:01 in summer time, then 01:00, 01:01 and 01:02 in
  // winter time.
  constexpr std::int64_t kMinuteUs = 60'000'000, kStartUs = 1'792'886'400LL * 1'000'000;
  for (const auto& [minute, text] :
       {std::pair{0, "a"}, {1, "b"}, {60, "c"}, {60, "d"}, {61, "e"}, {62, "f"}})
    output.write({as_bytes(text)}, kStartUs + minute * kMinuteUs);
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_EQ(read_file(earlier), "acd");
  EXPECT_EQ(read_file(folder + "0101.frames"), "be");
  EXPECT_EQ(read_file(folder + "0102.frames"), "f");
}

}  // namespace
}  // namespace kvm
