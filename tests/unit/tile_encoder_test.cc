#include "picture/tile_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "jpeg/frame_facts.h"
#include "jpeg/marker_walker.h"
#include "libjpeg.h"
#include "test_picture.h"

namespace kvm {
namespace {

// Encodes the picture with libjpeg alone.
std::vector<std::uint8_t> plain(TestPicture picture, Subsampling subsampling, int quality = 80) {
  const bool grey = picture.format.layout == PixelLayout::kGrey;
  std::vector<std::uint8_t> samples;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x)
      for (int c = 0; c < (grey ? 1 : 3); ++c) samples.push_back(picture.sample(c, x, y));
  return plain_encode(samples.data(), picture.width, picture.height,
                      grey            ? JCS_GRAYSCALE
                      : picture.rgb() ? JCS_RGB
                                      : JCS_YCbCr,
                      subsampling, quality);
}

constexpr Subsampling kSubsamplings[] = {Subsampling::k420, Subsampling::k422, Subsampling::k444};

void expect_same_pixels(Bytes ours, Bytes plain, const std::string& label) {
  JpegInfo info;
  ASSERT_EQ(walk_jpeg(ours, info), JpegWalk::kDone) << label;
  ASSERT_EQ(info.size, ours.size()) << label;
  const Decoded a = decode(ours), b = decode(plain);
  ASSERT_EQ(a.width, b.width) << label;
  ASSERT_EQ(a.height, b.height) << label;
  ASSERT_EQ(a.components, b.components) << label;
  ASSERT_EQ(a.warnings, 0) << label;
  ASSERT_TRUE(a.samples == b.samples) << label;
}

TEST(TileEncoder, EqualsPlainLibjpegAtEverySmallSize) {
  for (const char* name : {"YUYV", "NV12", "RGB3", "GREY"})
    for (const Subsampling subsampling : kSubsamplings) {
      if (std::string_view(name) == "GREY" && subsampling != Subsampling::k420) continue;
      EncoderOptions options;
      options.subsampling = subsampling;
      options.threads = 1;
      TileEncoder encoder(options);
      for (int height = 1; height <= 40; ++height)
        for (int width = 1; width <= 40; ++width) {
          const TestPicture picture =
              TestPicture(name, width, height).paint(static_cast<unsigned>(width + 100 * height));
          expect_same_pixels(encoder.encode(picture.image(), ""), plain(picture, subsampling),
                             std::string(name) + " " + std::to_string(width) + "x" +
                                 std::to_string(height) + " " +
                                 std::to_string(static_cast<int>(subsampling)));
          if (HasFatalFailure()) return;
        }
    }
}

TEST(TileEncoder, EqualsPlainLibjpegInEveryFormat) {
  for (const PixelFormat& format : pixel_formats())
    for (const Subsampling subsampling : kSubsamplings)
      for (const auto& [width, height] : {std::pair{200, 50}, {131, 33}}) {
        EncoderOptions options;
        options.subsampling = subsampling;
        options.quality = 95;
        TileEncoder encoder(options);
        const TestPicture picture = TestPicture(format.name, width, height, 6).paint(7);
        expect_same_pixels(encoder.encode(picture.image(), ""), plain(picture, subsampling, 95),
                           format.name);
        if (HasFatalFailure()) return;
      }
}

TEST(TileEncoder, AnUnchangedTileIsByteIdentical) {
  TileEncoder encoder({});
  TestPicture picture = TestPicture("YUYV", 640, 96).paint(1);
  const Bytes first = encoder.encode(picture.image(), "");
  EXPECT_FALSE(encoder.unchanged());
  const std::vector<std::uint8_t> before(first.begin(), first.end());

  const FrameFacts facts{1, 2, SourceState::kLive};
  const std::string com = com_segment(facts);
  const Bytes again = encoder.encode(picture.image(), com);
  EXPECT_TRUE(encoder.unchanged());
  ASSERT_EQ(again.size(), before.size() + com.size());
  EXPECT_EQ(as_text(find_com(again)), com);
  constexpr long kFront = 20;  // SOI and APP0
  EXPECT_TRUE(std::equal(again.begin(), again.begin() + kFront, before.begin()));
  EXPECT_TRUE(std::equal(again.begin() + kFront + static_cast<long>(com.size()), again.end(),
                         before.begin() + kFront));

  picture.pixels[picture.stride * 40 + 2 * 200] ^= 0x40;  // row 2, column 1: tile 9 of 24
  const Bytes changed = encoder.encode(picture.image(), "");
  EXPECT_FALSE(encoder.unchanged());
  expect_same_pixels(changed, plain(picture, Subsampling::k420), "changed");
  std::size_t same = 0;
  while (changed[same] == before[same]) ++same;
  std::size_t same_end = 0;
  while (changed[changed.size() - 1 - same_end] == before[before.size() - 1 - same_end]) ++same_end;
  const auto markers = [](Bytes bytes) {
    int count = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i)
      count += bytes[i] == 0xff && bytes[i + 1] >= 0xd0 && bytes[i + 1] <= 0xd7;
    return count;
  };
  EXPECT_EQ(markers(Bytes(before).first(same)), 9);
  EXPECT_EQ(markers(Bytes(before).last(same_end)), 24 - 1 - 9);
}

TEST(TileEncoder, TakesPicturesOfAnotherSizeOrFormat) {
  TileEncoder encoder({});
  for (const char* name : {"YUYV", "GREY", "BGR3", "YUYV"})
    for (const int width : {64, 33, 512}) {
      const TestPicture picture = TestPicture(name, width, 48).paint(3);
      expect_same_pixels(encoder.encode(picture.image(), ""), plain(picture, Subsampling::k420),
                         name);
    }
}

TEST(TileEncoder, EncodesMoreTilesThanLibjpegHasRows) {
  TileEncoder encoder({});
  TestPicture picture("YUYV", 16, 16);
  for (unsigned i = 0; i < 4200; ++i) {
    picture.paint(i);
    const Bytes jpeg = encoder.encode(picture.image(), "");
    if (i % 409 == 0 || (i > 4080 && i < 4100))
      expect_same_pixels(jpeg, plain(picture, Subsampling::k420), std::to_string(i));
  }
}

TEST(TileEncoder, GivesTheSameBytesWithAnyNumberOfThreads) {
  EncoderOptions one, many;
  one.threads = 1;
  many.threads = 4;
  TileEncoder alone(one), together(many);
  TestPicture picture("NV12", 1280, 720);
  for (unsigned i = 0; i < 30; ++i) {
    // A new picture, the same again, or the same with a changed part.
    if (i % 3 != 2) picture.paint(i / 2);
    if (i % 3 == 2) std::fill_n(picture.pixels.begin() + 1280 * 100, 1280 * 64, i);
    const Bytes a = alone.encode(picture.image(), ""), b = together.encode(picture.image(), "");
    ASSERT_TRUE(std::ranges::equal(a, b)) << i;
    ASSERT_EQ(alone.unchanged(), together.unchanged()) << i;
  }
}

// A picture that scrolls by a tile's height is put together from known tiles. That must not change
// the decoded pixels.
TEST(TileEncoder, ScrollsByWholeTiles) {
  TileEncoder encoder({});
  TestPicture picture = TestPicture("YUYV", 640, 480).paint(5);
  for (int i = 0; i < 40; ++i) {
    std::rotate(picture.pixels.begin(),
                picture.pixels.begin() + static_cast<long>(picture.stride * 16),
                picture.pixels.end());
    expect_same_pixels(encoder.encode(picture.image(), ""), plain(picture, Subsampling::k420),
                       std::to_string(i));
    EXPECT_FALSE(encoder.unchanged());
  }
}

TEST(TileEncoder, LongCommentsFit) {
  TileEncoder encoder({});
  const TestPicture picture = TestPicture("GREY", 640, 480).paint(5);
  for (const std::size_t size : {0u, 60000u, 10u, 300u}) {
    std::string com = "\xff\xfe";
    com += static_cast<char>((size + 2) >> 8);
    com += static_cast<char>(size + 2);
    com.append(size, 'x');
    expect_same_pixels(encoder.encode(picture.image(), com), plain(picture, Subsampling::k420),
                       std::to_string(size));
  }
}

TEST(TileEncoder, NoiseIsNoChangeUntilItAddsUp) {
  EncoderOptions options;
  options.noise = 3;
  TileEncoder encoder(options);
  TestPicture picture = TestPicture("YUYV", 64, 16).paint(1);
  for (auto& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(pixel / 2 + 60);
  const auto base = picture.pixels;
  encoder.encode(picture.image(), "");
  const auto add = [&](int more) {
    for (std::size_t i = 0; i < base.size(); ++i)
      picture.pixels[i] = static_cast<std::uint8_t>(base[i] + (i % 3 == 0 ? more : -more));
    encoder.encode(picture.image(), "");
  };
  add(2);
  EXPECT_TRUE(encoder.unchanged());
  add(3);
  EXPECT_TRUE(encoder.unchanged());  // compared with the encoded pixels, not with the last picture
  add(4);
  EXPECT_FALSE(encoder.unchanged());
  add(5);
  EXPECT_TRUE(encoder.unchanged());
  // The remaining difference is encoded after a while, once for each of the four tiles.
  int refreshed = 0;
  for (int i = 0; i < 200; ++i) {
    encoder.encode(picture.image(), "");
    refreshed += !encoder.unchanged();
  }
  EXPECT_EQ(refreshed, 4);
  expect_same_pixels(encoder.encode(picture.image(), ""), plain(picture, Subsampling::k420), "");
}

TEST(TileEncoder, RefusesWhatItCannotEncode) {
  TileEncoder encoder({});
  Image image = TestPicture("YUYV", 16, 16).image();
  image.fourcc = fourcc("H264");
  EXPECT_THROW(encoder.encode(image, ""), Error);
  image.fourcc = fourcc("YUYV");
  image.width = 65501;
  EXPECT_THROW(encoder.encode(image, ""), Error);
  image.width = 0;
  EXPECT_THROW(encoder.encode(image, ""), Error);
}

}  // namespace
}  // namespace kvm
