#include "picture/retile.h"

#include <gtest/gtest.h>

#include "jpeg/frame_facts.h"
#include "jpeg/marker_walker.h"
#include "libjpeg.h"

namespace kvm {
namespace {

std::vector<std::uint8_t> samples_of(int width, int height) {
  std::vector<std::uint8_t> samples(3 * static_cast<std::size_t>(width * height));
  unsigned value = 0, seed = 1;
  for (auto& sample : samples) {
    seed = seed * 1664525 + 1013904223;
    sample = static_cast<std::uint8_t>(value += seed >> 29);
  }
  return samples;
}

std::vector<std::uint8_t> picture(int width, int height, Subsampling subsampling) {
  return plain_encode(samples_of(width, height).data(), width, height, JCS_YCbCr, subsampling, 85);
}

// Cleans and retiles, as kvm-capture does. Leaves `frame` unchanged if it returns a fault.
JpegFault retile(Retiler& retiler, Bytes captured, std::string_view com, FrameParts& frame) {
  FrameParts made;
  JpegFault fault = clean_jpeg(captured, com, made);
  if (fault == JpegFault::kNone) fault = retiler.retile(made);
  if (fault == JpegFault::kNone) frame = made;
  return fault;
}

TEST(Retiler, KeepsEveryPixelAndCutsIntoTiles) {
  Retiler retiler;
  for (const Subsampling subsampling : {Subsampling::k420, Subsampling::k422, Subsampling::k444})
    for (const auto& [width, height] : {std::pair{640, 96}, {1366, 33}, {17, 9}, {1, 1}}) {
      const auto jpeg = picture(width, height, subsampling);
      FrameParts frame;
      const std::string com = com_segment({5, 6, SourceState::kLive});
      ASSERT_EQ(retile(retiler, jpeg, com, frame), JpegFault::kNone);
      const auto out = joined(frame);
      JpegInfo info;
      ASSERT_EQ(walk_jpeg(out, info), JpegWalk::kDone);
      EXPECT_EQ(info.size, out.size());
      const int mcus = (width + info.mcu_width - 1) / info.mcu_width;
      EXPECT_EQ(info.restart_interval, mcus / tiles_across(mcus));
      EXPECT_EQ(read_facts(out).sequence, 6u);
      EXPECT_EQ(decode(out).samples, decode(jpeg).samples);
      // The second time there is nothing to do.
      ASSERT_EQ(retile(retiler, out, com, frame), JpegFault::kNone);
      EXPECT_EQ(joined(frame), out);
    }
}

// The entropy-coded data between restart markers.
std::vector<std::string_view> tiles_of(Bytes jpeg) {
  JpegInfo info;
  EXPECT_EQ(walk_jpeg(jpeg, info), JpegWalk::kDone);
  std::vector<std::string_view> tiles;
  std::size_t from = info.scan;
  for (std::size_t at = from; at + 1 < jpeg.size(); ++at)
    if (jpeg[at] == 0xff && jpeg[at + 1] != 0) {
      tiles.push_back(as_text(jpeg.subspan(from, at - from)));
      from = at + 2;
    }
  return tiles;
}

// The purpose of the retiler: if a part of a device's picture changes, only the bytes of its tiles
// change.
TEST(Retiler, OnlyTheTilesThatChangedDiffer) {
  constexpr int kWidth = 640, kHeight = 96;
  auto samples = samples_of(kWidth, kHeight);
  Retiler retiler;
  std::vector<std::uint8_t> out[2];
  for (auto& retiled : out) {
    const auto jpeg =
        plain_encode(samples.data(), kWidth, kHeight, JCS_YCbCr, Subsampling::k420, 85);
    FrameParts frame;
    ASSERT_EQ(retile(retiler, jpeg, "", frame), JpegFault::kNone);
    retiled = joined(frame);
    samples[3 * (40 * kWidth + 200)] ^= 0x40;
  }
  const auto before = tiles_of(out[0]), now = tiles_of(out[1]);
  ASSERT_EQ(before.size(), 4u * 6);
  ASSERT_EQ(now.size(), before.size());
  for (std::size_t i = 0; i < now.size(); ++i) EXPECT_EQ(now[i] != before[i], i == 2 * 4 + 1) << i;
}

TEST(Retiler, DamageIsNamed) {
  Retiler retiler;
  const auto jpeg = picture(320, 240, Subsampling::k422);
  JpegInfo info;
  walk_jpeg(jpeg, info);
  FrameParts out;
  // Most of the data is missing, but its end is there: only a decoder can detect that.
  auto damaged = jpeg;
  damaged.erase(damaged.begin() + static_cast<long>(info.scan) + 200, damaged.end() - 20);
  EXPECT_EQ(retile(retiler, damaged, "", out), JpegFault::kCorrupt);
  EXPECT_EQ(retile(retiler, Bytes(jpeg).first(500), "", out), JpegFault::kTruncated);
  // A size for which no machine has memory.
  auto huge = jpeg;
  for (std::size_t i = 5; i < 9; ++i) huge[info.sof + i] = 0xfe;
  EXPECT_EQ(retile(retiler, huge, "", out), JpegFault::kCorrupt);
  EXPECT_EQ(size_of(out), 0u);
  ASSERT_EQ(retile(retiler, jpeg, "", out), JpegFault::kNone);
  EXPECT_EQ(decode(joined(out)).samples, decode(jpeg).samples);
}

}  // namespace
}  // namespace kvm
