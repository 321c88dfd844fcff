#include "jpeg/quality.h"

#include <gtest/gtest.h>

#include "libjpeg.h"

namespace kvm {
namespace {

TEST(JpegQuality, IsWhatLibjpegWasAskedFor) {
  const std::vector<std::uint8_t> grey(16 * 16, 128);
  for (int quality = 2; quality <= 100; ++quality)
    EXPECT_EQ(
        jpeg_quality(plain_encode(grey.data(), 16, 16, JCS_GRAYSCALE, Subsampling::k444, quality)),
        quality);
}

TEST(JpegQuality, WithoutATableIsNone) {
  EXPECT_EQ(jpeg_quality({}), 0);
  const std::uint8_t cut[] = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, 16, 11};
  EXPECT_EQ(jpeg_quality(cut), 0);
  for (std::size_t n = 0; n < sizeof cut; ++n) EXPECT_EQ(jpeg_quality(Bytes(cut).first(n)), 0);
}

}  // namespace
}  // namespace kvm
