#include "device/capture_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvm {
namespace {

// Larger than any pipe: its parts go bit by bit, and the cuts fall anywhere.
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

}  // namespace
}  // namespace kvm
