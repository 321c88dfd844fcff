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

Buffer bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

// The segment, marker and length included.
Buffer segment(std::uint8_t marker, const std::string& body) {
  const std::size_t length = body.size() + 2;
  return Buffer{0xff, marker, static_cast<std::uint8_t>(length >> 8),
                static_cast<std::uint8_t>(length)} +
         bytes_of(body);
}

// The image with `inserted` at an offset.
Buffer with(const Buffer& jpeg, std::size_t at, const Buffer& inserted) {
  const auto middle = jpeg.begin() + static_cast<long>(at);
  return Buffer(jpeg.begin(), middle) + inserted + Buffer(middle, jpeg.end());
}

constexpr std::size_t kBehindApp0 = 20;  // libjpeg writes SOI and 18 bytes of JFIF

// Exif as cameras write it, whose only entry says that the picture is to be turned by 90 degrees.
Buffer exif() {
  return segment(kApp1, std::string("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06"
                                    "\0\0\0\0\0\0",
                                    32));
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

TEST(CleanJpeg, TheCommentFollowsTheSegmentByWhichProgramsTellAFile) {
  const Buffer jpeg = picture();
  const std::string com = com_segment({1, 2, SourceState::kLive});
  const std::string old = com_segment({1, 1, SourceState::kLive});
  FrameParts out;
  // An earlier version put the comment right after SOI.
  for (const std::size_t at : {std::size_t{2}, kBehindApp0}) {
    const Buffer before = with(jpeg, at, bytes_of(old));
    ASSERT_EQ(clean_jpeg(before, com, out), JpegFault::kNone);
    EXPECT_EQ(joined(out), with(jpeg, kBehindApp0, bytes_of(com)));
  }
  Buffer bare = jpeg;
  bare.erase(bare.begin() + 2, bare.begin() + kBehindApp0);  // begins with a DQT
  ASSERT_EQ(clean_jpeg(bare, com, out), JpegFault::kNone);
  EXPECT_EQ(as_text(joined(out)).substr(0, 4), "\xff\xd8\xff\xdb");
}

TEST(CleanJpeg, LeavesExifOutSoThatNobodyTurnsThePicture) {
  const Buffer jpeg = picture();
  const std::string com = com_segment({1, 2, SourceState::kLive});
  const Buffer wanted = with(jpeg, kBehindApp0, bytes_of(com));
  const Buffer other = segment(kApp1, "http://ns.adobe.com/xap/1.0/");
  FrameParts out;
  for (const std::size_t at : {std::size_t{2}, kBehindApp0}) {
    const Buffer turned = with(jpeg, at, exif());
    ASSERT_EQ(clean_jpeg(turned, com, out), JpegFault::kNone);
    EXPECT_EQ(joined(out), wanted) << at;
  }
  const Buffer twice = with(jpeg, kBehindApp0, other + exif() + other + exif());
  ASSERT_EQ(clean_jpeg(twice, com, out), JpegFault::kNone);
  EXPECT_EQ(joined(out), with(jpeg, kBehindApp0, bytes_of(com) + other + other));
  Buffer many;
  for (int i = 0; i < 10; ++i) many = many + other + exif();
  EXPECT_EQ(clean_jpeg(with(jpeg, kBehindApp0, many), com, out), JpegFault::kCorrupt);
}

TEST(CleanJpeg, PassesOverImagesWithoutAPicture) {
  const Buffer jpeg = picture(), empty = {0xff, 0xd8, 0xff, 0xd9};
  FrameParts out;
  const Buffer captured = empty + empty + Buffer(5) + jpeg;
  ASSERT_EQ(clean_jpeg(captured, "", out), JpegFault::kNone);
  EXPECT_EQ(joined(out), jpeg);
  EXPECT_EQ(clean_jpeg(empty + empty, "", out), JpegFault::kEmpty);
}

TEST(CleanJpeg, AddsTheEndWhereTheCodedDataIsWhole) {
  for (const Buffer& jpeg : {picture(), without_tables(picture())})
    for (const int fill : {0, 1, 5000}) {
      const Buffer open =
          Buffer(jpeg.begin(), jpeg.end() - 2) + Buffer(static_cast<unsigned>(fill));
      FrameParts out;
      ASSERT_EQ(clean_jpeg(open, "", out), JpegFault::kNone) << fill;
      EXPECT_EQ(decode(joined(out)).warnings, 0);
      EXPECT_EQ(decode(joined(out)).samples, decode(picture()).samples);
      // Another image may follow in the same buffer.
      const Buffer two = open + jpeg;
      ASSERT_EQ(clean_jpeg(two, "", out), JpegFault::kNone) << fill;
      EXPECT_EQ(decode(joined(out)).samples, decode(picture()).samples);
    }
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
  for (std::size_t size = 3; size < jpeg.size() - 3; ++size)
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
