#include "capture/v4l2_format.h"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <vector>

namespace kvm {
namespace {

v4l2_format single(std::uint32_t fourcc, std::uint32_t stride) {
  v4l2_format answer{};
  answer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  answer.fmt.pix.pixelformat = fourcc;
  answer.fmt.pix.width = 64;
  answer.fmt.pix.height = 32;
  answer.fmt.pix.bytesperline = stride;
  return answer;
}

TEST(PictureFormat, PlanesInMemoriesOfTheirOwnHaveStridesOfTheirOwn) {
  v4l2_format answer{};
  answer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  v4l2_pix_format_mplane& pix = answer.fmt.pix_mp;
  pix.pixelformat = V4L2_PIX_FMT_NV12M;
  pix.width = 64;
  pix.height = 32;
  pix.num_planes = 2;
  pix.plane_fmt[0].bytesperline = 80;
  pix.plane_fmt[1].bytesperline = 96;
  const PictureFormat format = read_format(answer);
  const std::vector<std::uint8_t> luma(80 * 32), chroma(96 * 16);
  const Bytes memory[] = {luma, chroma};
  const auto image = format.image(memory);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->planes[0], luma.data());
  EXPECT_EQ(image->planes[1], chroma.data());
  EXPECT_EQ(image->strides[0], 80u);
  EXPECT_EQ(image->strides[1], 96u);
  const Bytes cut[] = {luma, Bytes(chroma).first(chroma.size() - 1)};
  EXPECT_FALSE(format.image(cut));
  EXPECT_FALSE(format.image(std::span(memory, 1)));
}

TEST(PictureFormat, PlanesInOneMemoryFollowEachOtherPadded) {
  const PictureFormat format = read_format(single(V4L2_PIX_FMT_YUV420, 80));
  const std::vector<std::uint8_t> bytes(80 * 32 * 3 / 2);
  const Bytes memory[] = {bytes};
  const auto image = format.image(memory);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->planes[1] - image->planes[0], 80 * 32);
  EXPECT_EQ(image->planes[2] - image->planes[1], 40 * 16);
  EXPECT_EQ(image->strides[1], 40u);
  const Bytes cut[] = {Bytes(bytes).first(bytes.size() - 1)};
  EXPECT_FALSE(format.image(cut));
}

// V4L2 documentation, "Colorspaces": the defaults for fields that a driver does not set.
TEST(PictureFormat, ColoursAreWhatTheDriverSaysOrWhatFollows) {
  using enum ColorEncoding;
  const auto colours = [](std::uint32_t fourcc, std::uint32_t space, std::uint32_t encoding = 0,
                          std::uint32_t range = 0, std::uint32_t priv = V4L2_PIX_FMT_PRIV_MAGIC) {
    v4l2_format answer = single(fourcc, 0);
    answer.fmt.pix.colorspace = space;
    answer.fmt.pix.ycbcr_enc = encoding;
    answer.fmt.pix.quantization = range;
    answer.fmt.pix.priv = priv;
    const PictureFormat format = read_format(answer);
    return std::pair{format.encoding, format.limited_range};
  };
  const auto yuyv = V4L2_PIX_FMT_YUYV, rgb = V4L2_PIX_FMT_RGB24;
  EXPECT_EQ(colours(yuyv, V4L2_COLORSPACE_SMPTE170M), std::pair(k601, true));
  EXPECT_EQ(colours(yuyv, V4L2_COLORSPACE_SRGB), std::pair(k601, true));
  EXPECT_EQ(colours(yuyv, V4L2_COLORSPACE_REC709), std::pair(k709, true));
  EXPECT_EQ(colours(yuyv, V4L2_COLORSPACE_JPEG), std::pair(k601, false));
  EXPECT_EQ(colours(rgb, V4L2_COLORSPACE_SRGB).second, false);
  EXPECT_EQ(colours(rgb, V4L2_COLORSPACE_SRGB, 0, V4L2_QUANTIZATION_LIM_RANGE).second, true);
  EXPECT_EQ(colours(yuyv, V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_709, V4L2_QUANTIZATION_FULL_RANGE),
            std::pair(k709, false));
  // Without the magic number the driver did not set these fields.
  EXPECT_EQ(
      colours(yuyv, V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_709, V4L2_QUANTIZATION_FULL_RANGE, 0),
      std::pair(k601, true));
}

}  // namespace
}  // namespace kvm
