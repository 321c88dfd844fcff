#include "jpeg/mosaic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "libjpeg.h"

namespace kvm {
namespace {

constexpr int kWidth = 200, kHeight = 100;  // neither is a multiple of an MCU
using Pixels = std::vector<std::uint8_t>;   // RGB

class Random {
 public:
  int below(int limit) {
    seed_ = seed_ * 1103515245 + 12345;
    return static_cast<int>(seed_ >> 16) % limit;
  }

 private:
  unsigned seed_ = 7;
};

Pixels noise() {
  Pixels pixels(kWidth * kHeight * 3);
  Random random;
  for (auto& sample : pixels) sample = static_cast<std::uint8_t>(random.below(256));
  return pixels;
}

void fill(Pixels& pixels, int x, int y, int width, int height, int red, int green, int blue) {
  for (int row = y; row < std::min(y + height, kHeight); ++row)
    for (int column = x; column < std::min(x + width, kWidth); ++column) {
      auto* const pixel = &pixels[static_cast<std::size_t>(row * kWidth + column) * 3];
      pixel[0] = static_cast<std::uint8_t>(red);
      pixel[1] = static_cast<std::uint8_t>(green);
      pixel[2] = static_cast<std::uint8_t>(blue);
    }
}

std::vector<std::uint8_t> encode(const Pixels& pixels, unsigned interval, int quality = 60,
                                 Subsampling subsampling = Subsampling::k420) {
  return plain_encode(pixels.data(), kWidth, kHeight, JCS_RGB, subsampling, quality, interval);
}

void show(Mosaic& mosaic, Bytes jpeg, std::uint32_t id) {
  JpegInfo info;
  ASSERT_EQ(walk_jpeg(jpeg, info), JpegWalk::kDone);
  mosaic.show(jpeg, info, id);
}

// Draws a piece on `screen`, as a viewer does.
void draw(Decoded& screen, const Mosaic& mosaic, const Mosaic::Piece& piece) {
  std::string jpeg = *mosaic.head() + piece.coded;
  const int size[] = {piece.height, piece.width};
  for (std::size_t i = 0; i < 2; ++i) {
    jpeg[Mosaic::kSizeAt + 2 * i] = static_cast<char>(size[i] >> 8);
    jpeg[Mosaic::kSizeAt + 2 * i + 1] = static_cast<char>(size[i]);
  }
  JpegInfo info;
  ASSERT_EQ(walk_jpeg(as_bytes(jpeg), info), JpegWalk::kDone);
  ASSERT_EQ(info.size, jpeg.size());
  const Decoded decoded = decode(as_bytes(jpeg), true);
  ASSERT_EQ(decoded.warnings, 0);
  ASSERT_EQ(decoded.width, piece.width);
  ASSERT_EQ(decoded.height, piece.height);
  const int drawn = piece.width - piece.left - piece.right;
  ASSERT_GT(drawn, 0);
  for (int y = piece.top; y < piece.height - piece.bottom; ++y)
    std::copy_n(decoded.samples.begin() + (y * piece.width + piece.left) * 3, drawn * 3,
                screen.samples.begin() + ((piece.y + y) * screen.width + piece.x + piece.left) * 3);
}

void expect_drawn(const Mosaic& mosaic, Bytes before, std::uint32_t shown, Bytes now) {
  const auto pieces = mosaic.since(shown);
  ASSERT_TRUE(pieces);
  Decoded screen = decode(before, true);
  for (const Mosaic::Piece& piece : *pieces) ASSERT_NO_FATAL_FAILURE(draw(screen, mosaic, piece));
  ASSERT_EQ(screen.samples, decode(now, true).samples);
}

TEST(Mosaic, DrawnOverTheOldPiecesMakeTheNewPixelForPixel) {
  // With 4:2:0 the picture has 13 × 7 MCUs of 16 × 16 pixels. The segments are: single MCUs; 5
  // MCUs, which form no grid; a row; three rows; the whole picture.
  for (const Subsampling subsampling : {Subsampling::k420, Subsampling::k422, Subsampling::k444})
    for (const unsigned interval : {1u, 5u, 13u, 39u, 0u}) {
      Mosaic mosaic;
      Random random;
      Pixels pixels = noise();
      fill(pixels, 0, 0, kWidth, 60, 90, 90, 90);
      std::vector<std::vector<std::uint8_t>> frames;
      for (std::uint32_t id = 1; id <= 25; ++id) {
        for (int changes = random.below(4); changes > 0; --changes) {
          const int grey = random.below(256), colour = random.below(2) * random.below(200);
          fill(pixels, random.below(kWidth), random.below(kHeight), 1 + random.below(30),
               1 + random.below(20), grey, (grey + colour) % 256, grey);
        }
        frames.push_back(encode(pixels, interval, 60, subsampling));
        show(mosaic, frames.back(), id);
        const auto shown = id - static_cast<std::uint32_t>(random.below(std::min<int>(id, 4)));
        ASSERT_NO_FATAL_FAILURE(expect_drawn(mosaic, frames[shown - 1], shown, frames.back()))
            << "interval " << interval << " frame " << id << " since " << shown;
      }
    }
}

// Shows encoded() before and after `change`, and draws the pieces of the second over the first.
template <class Encoded, class Change>
void expect_change_drawn(Encoded encoded, Change change) {
  Mosaic mosaic;
  const std::vector<std::uint8_t> before = encoded();
  show(mosaic, before, 1);
  change();
  const std::vector<std::uint8_t> now = encoded();
  show(mosaic, now, 2);
  expect_drawn(mosaic, before, 1, now);
}

TEST(Mosaic, GreyPictures) {
  Pixels samples(kWidth * kHeight, 100);
  expect_change_drawn(
      [&] {
        return plain_encode(samples.data(), kWidth, kHeight, JCS_GRAYSCALE, Subsampling::k444, 60,
                            25);
      },
      [&] { std::fill_n(samples.begin() + 30 * kWidth, 50, std::uint8_t{200}); });
}

TEST(Mosaic, ALastColumnThatLibjpegWouldNotInterpolate) {
  // A row has 33 pixels, so its last MCU has one. The MCUs of a row have one colour; the rows above
  // and below have another.
  constexpr int kNarrow = 33, kHigh = 48;
  Pixels pixels(kNarrow * kHigh * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i / 3 / kNarrow / 16 % 2 ? 40 : 200 - 70 * (i % 3));
  expect_change_drawn(
      [&] {
        return plain_encode(pixels.data(), kNarrow, kHigh, JCS_RGB, Subsampling::k420, 80, 3);
      },
      [&] { std::fill_n(pixels.begin() + (20 * kNarrow + 32) * 3, 3, std::uint8_t{50}); });
}

TEST(Mosaic, JfifDecidesTheColourSpaceOfPiecesToo) {
  // The components are called R, G, B: without JFIF's segment a decoder would take them for RGB.
  Pixels pixels(kWidth * kHeight * 3, 90);
  expect_change_drawn(
      [&] {
        auto jpeg = encode(pixels, 13);
        JpegInfo info;
        walk_jpeg(jpeg, info);
        for (std::size_t i = 0; i < 3; ++i)
          jpeg[info.sof + 10 + 3 * i] = jpeg[info.sos + 5 + 2 * i] =
              static_cast<std::uint8_t>("RGB"[i]);
        return jpeg;
      },
      [&] { fill(pixels, 40, 50, 3, 3, 200, 20, 20); });
}

// x, y, width, height; left, top, right, bottom.
using Area = std::array<int, 8>;
Area area_of(const Mosaic::Piece& piece) {
  return {piece.x,    piece.y,   piece.width, piece.height,
          piece.left, piece.top, piece.right, piece.bottom};
}

TEST(Mosaic, WhatChangedIsFoundAndNothingElse) {
  Pixels pixels(kWidth * kHeight * 3, 90);
  Mosaic mosaic;
  show(mosaic, encode(pixels, 13), 1);
  EXPECT_FALSE(mosaic.since(0)) << "nothing was shown before";
  EXPECT_TRUE(mosaic.since(1)->empty());

  // The MCU in column 2, row 3; grey, so that no chroma is interpolated.
  fill(pixels, 40, 50, 3, 3, 200, 200, 200);
  show(mosaic, encode(pixels, 13), 2);
  auto pieces = *mosaic.since(1);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(area_of(pieces[0]), (Area{32, 48, 16, 16, 0, 0, 0, 0}));
  EXPECT_TRUE(mosaic.since(2)->empty());

  // The last MCU; red, so that its piece includes neighbours, for the interpolation of chroma.
  fill(pixels, 196, 99, 1, 1, 255, 0, 0);
  show(mosaic, encode(pixels, 13), 3);
  EXPECT_EQ(mosaic.since(1)->size(), 2u);
  pieces = *mosaic.since(2);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(area_of(pieces[0]), (Area{176, 80, 24, 20, 15, 15, 0, 0}));
}

std::int64_t played_us;
std::int64_t played_clock() noexcept {
  return played_us += 1000;
}

TEST(Mosaic, WhatGoesWholeAnywayIsLookedAtNowAndThen) {
  Pixels pixels = noise();
  Mosaic mosaic(played_clock);
  std::uint32_t id = 0;
  const auto next = [&] { show(mosaic, encode(pixels, 13), ++id); };
  const auto all_change = [&] {
    for (auto& sample : pixels) sample ^= 0xff;
  };
  next();
  EXPECT_TRUE(mosaic.head());
  all_change();
  next();  // reading took 1 ms of the test's clock, so the rest takes 32 ms
  all_change();
  next();
  EXPECT_FALSE(mosaic.head());
  EXPECT_FALSE(mosaic.since(id - 1));
  played_us += 40'000;
  next();
  EXPECT_TRUE(mosaic.head());
  EXPECT_FALSE(mosaic.since(id - 1)) << "the frame before was not read";
  fill(pixels, 0, 0, 8, 8, 0, 0, 0);
  next();
  EXPECT_EQ(mosaic.since(id - 1)->size(), 1u);

  const auto jpeg = encode(pixels, 13);
  auto broken = jpeg;
  JpegInfo info;
  walk_jpeg(broken, info);
  broken[info.sof + 6] += 16;  // more rows than the data has
  show(mosaic, broken, ++id);
  EXPECT_FALSE(mosaic.head());
  show(mosaic, jpeg, ++id);
  EXPECT_FALSE(mosaic.head()) << "a rest must follow a frame that cannot be cut";
  played_us += 40'000;
  show(mosaic, jpeg, ++id);
  EXPECT_TRUE(mosaic.head());
}

TEST(Mosaic, ManyPiecesAreJoined) {
  // 25 × 13 MCUs of 8 × 8 pixels, each of more bytes than joining saves. Every second MCU changes.
  Pixels pixels = noise();
  Mosaic mosaic;
  const auto before = encode(pixels, 25, 100, Subsampling::k444);
  show(mosaic, before, 1);
  for (int row = 0; row < 13; ++row)
    for (int column = row % 2; column < 25; column += 2)
      fill(pixels, 8 * column, 8 * row, 1, 1, 0, 0, 0);
  const auto now = encode(pixels, 25, 100, Subsampling::k444);
  show(mosaic, now, 2);
  const std::size_t pieces = mosaic.since(1)->size();
  EXPECT_GT(pieces, 10u);
  EXPECT_LT(pieces, 100u);
  expect_drawn(mosaic, before, 1, now);
}

TEST(Mosaic, OtherTablesAreNotComparable) {
  Mosaic mosaic;
  show(mosaic, encode(noise(), 1, 60), 1);
  const auto head = mosaic.head();
  show(mosaic, encode(noise(), 1, 90), 2);
  EXPECT_FALSE(mosaic.since(1));
  EXPECT_TRUE(mosaic.since(2)->empty());
  EXPECT_NE(*mosaic.head(), *head);
}

TEST(Mosaic, WhatIsNotAsItsHeaderSaysIsNotCut) {
  auto jpeg = encode(noise(), 13);
  Mosaic mosaic;
  show(mosaic, jpeg, 1);
  EXPECT_TRUE(mosaic.head());
  JpegInfo info;
  walk_jpeg(jpeg, info);
  jpeg[info.sof + 6] = 108 + 16;  // more rows than the data has
  show(mosaic, jpeg, 2);
  EXPECT_FALSE(mosaic.head());
  EXPECT_FALSE(mosaic.since(1));
  EXPECT_FALSE(mosaic.since(2));
}

}  // namespace
}  // namespace kvm
