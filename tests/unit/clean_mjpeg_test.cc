#include "jpeg/clean_mjpeg.h"

#include <gtest/gtest.h>

#include "jpeg/frame_facts.h"
#include "jpeg/marker_walker.h"
#include "libjpeg.h"

namespace kvm {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer picture() {
  std::vector<std::uint8_t> samples(3 * 64 * 48);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint8_t>(i * i);
  return plain_encode(samples.data(), 64, 48, JCS_YCbCr, Subsampling::k422, 80);
}

// Removes the DHT segments, as Motion-JPEG devices do.
Buffer without_tables(const Buffer& jpeg) {
  Buffer out(jpeg.begin(), jpeg.begin() + 2);
  std::size_t at = 2;
  while (jpeg[at + 1] != 0xda) {
    const auto next = at + 2 + static_cast<std::size_t>(jpeg[at + 2] << 8 | jpeg[at + 3]);
    if (jpeg[at + 1] != 0xc4)
      out.insert(out.end(), jpeg.begin() + static_cast<long>(at),
                 jpeg.begin() + static_cast<long>(next));
    at = next;
  }
  out.insert(out.end(), jpeg.begin() + static_cast<long>(at), jpeg.end());
  return out;
}

Buffer operator+(Buffer a, const Buffer& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(CleanJpeg, TrimsWhatIsAroundThePicture) {
  const Buffer jpeg = picture();
  for (const Buffer& after : {Buffer{}, Buffer(7), Buffer(100'000), Buffer(9, 0xff), jpeg})
    for (const Buffer& before : {Buffer{}, Buffer(3), Buffer(1, 0xff)}) {
      const Buffer captured = before + jpeg + after;
      FrameParts out;
      ASSERT_EQ(clean_jpeg(captured, "", out), JpegFault::kNone) << after.size();
      EXPECT_EQ(joined(out), jpeg);
    }
}

TEST(CleanJpeg, PutsTheCommentInAndReplacesOurs) {
  const Buffer jpeg = picture();
  const std::string first = com_segment({1, 2, SourceState::kLive});
  const std::string second = com_segment({1, 3, SourceState::kLive});
  FrameParts once, twice;
  ASSERT_EQ(clean_jpeg(jpeg, first, once), JpegFault::kNone);
  const Buffer passed = joined(once);
  EXPECT_EQ(passed.size(), jpeg.size() + first.size());
  EXPECT_EQ(size_of(once), passed.size());
  ASSERT_EQ(clean_jpeg(passed, second, twice), JpegFault::kNone);
  const Buffer again = joined(twice);
  EXPECT_EQ(again.size(), passed.size());
  EXPECT_EQ(read_facts(again).sequence, 3u);
  EXPECT_EQ(decode(again).samples, decode(jpeg).samples);
}

TEST(CleanJpeg, TellsTheSamePictureByAllButTheComment) {
  const Buffer jpeg = picture();
  Buffer other = jpeg;
  other[other.size() / 2] ^= 1;
  const Buffer tableless = without_tables(jpeg);
  const std::string com = com_segment({1, 2, SourceState::kLive});
  FrameParts plain, commented, changed, inserted;
  ASSERT_EQ(clean_jpeg(jpeg, "", plain), JpegFault::kNone);
  ASSERT_EQ(clean_jpeg(jpeg, com, commented), JpegFault::kNone);
  ASSERT_EQ(clean_jpeg(other, "", changed), JpegFault::kNone);
  ASSERT_EQ(clean_jpeg(tableless, "", inserted), JpegFault::kNone);
  EXPECT_TRUE(same_picture(plain, commented));
  EXPECT_FALSE(same_picture(plain, changed));
  EXPECT_FALSE(same_picture(plain, inserted));
}

TEST(CleanJpeg, InsertsTheTablesThatAreMissing) {
  const Buffer jpeg = picture();
  const Buffer captured = without_tables(jpeg);
  FrameParts out;
  ASSERT_EQ(clean_jpeg(captured, "", out), JpegFault::kNone);
  const Decoded decoded = decode(joined(out));
  EXPECT_EQ(decoded.warnings, 0);
  EXPECT_EQ(decoded.samples, decode(jpeg).samples);
}

TEST(CleanJpeg, NamesTheFaultAndLeavesTheFrameAlone) {
  const Buffer jpeg = picture();
  FrameParts out{as_bytes("unchanged")};
  EXPECT_EQ(clean_jpeg({}, "", out), JpegFault::kEmpty);
  EXPECT_EQ(clean_jpeg(Buffer(5000), "", out), JpegFault::kNotJpeg);
  EXPECT_EQ(clean_jpeg(as_bytes("RIFF"), "", out), JpegFault::kNotJpeg);
  for (std::size_t size = 3; size < jpeg.size(); ++size)
    ASSERT_EQ(clean_jpeg(Bytes(jpeg).first(size), "", out), JpegFault::kTruncated) << size;
  Buffer cut(jpeg.begin(), jpeg.end() - 40);
  EXPECT_EQ(clean_jpeg(cut + jpeg, "", out), JpegFault::kTruncated);
  Buffer broken = jpeg;
  broken[4] = broken[5] = 0;  // APP0's length
  EXPECT_EQ(clean_jpeg(broken, "", out), JpegFault::kCorrupt);
  EXPECT_EQ(as_text(out[0]), "unchanged");
  EXPECT_STREQ(name_of(JpegFault::kCorrupt), "corrupt");
}

}  // namespace
}  // namespace kvm
