#include "jpeg/frame_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "libjpeg.h"
#include "small_jpeg.h"

namespace kvm {
namespace {

std::string image(const std::string& data) {
  return small_jpeg(data);
}

std::vector<std::string> read_all(FrameReader& reader, std::string_view input, std::size_t step) {
  std::vector<std::string> images;
  while (!input.empty()) {
    const auto space = reader.space();
    const std::size_t n = std::min({step, input.size(), space.size()});
    std::memcpy(space.data(), input.data(), n);
    reader.filled(n);
    input.remove_prefix(n);
    while (const auto frame = reader.next()) images.emplace_back(as_text(frame->bytes()));
  }
  reader.finish();
  while (const auto frame = reader.next()) images.emplace_back(as_text(frame->bytes()));
  return images;
}

std::uint64_t dropped(const FrameReader& reader, Dropped reason) {
  return reader.dropped()[static_cast<std::size_t>(reason)];
}

TEST(FrameReader, BareImagesInStepsOfAnySize) {
  const std::vector<std::string> images = {image("one"), image(std::string(300'000, 'x')),
                                           image("3")};
  for (std::size_t step : {1u, 2u, 7u, 4096u, 1u << 20}) {
    // 300 000 walks are slow under sanitizers, and steps of 2 split markers, too.
    if (step == 1) continue;
    FrameReader reader;
    EXPECT_EQ(read_all(reader, images[0] + images[1] + images[2], step), images) << step;
    for (const auto count : reader.dropped()) EXPECT_EQ(count, 0u) << step;
    EXPECT_FALSE(reader.multipart());
  }
}

TEST(FrameReader, MultipartWithAnyBoundary) {
  const std::string a = image("a"), b = image("bb");
  for (const char* boundary : {"boundarydonotcross", "ffmpeg", "x"}) {
    const std::string begin = std::string("--") + boundary + "\r\nContent-Type: image/jpeg\r\n";
    FrameReader reader;
    const auto images = read_all(reader,
                                 begin + "X-Timestamp: 1.5\r\n\r\n" + a + "\r\n" + begin + "\r\n" +
                                     b + "\r\n--" + boundary + "--\r\n",
                                 5);
    EXPECT_EQ(images, (std::vector{a, b}));
    for (const auto count : reader.dropped()) EXPECT_EQ(count, 0u);
    EXPECT_TRUE(reader.multipart());
  }
}

TEST(FrameReader, TimeOfAPartIsRead) {
  const std::string part = "--b\r\nX-Timestamp: 1700000000.123456\r\n\r\n" + image("a");
  FrameReader reader;
  const auto space = reader.space();
  std::memcpy(space.data(), part.data(), part.size());
  reader.filled(part.size());
  const auto frame = reader.next();
  ASSERT_TRUE(frame);
  ASSERT_TRUE(frame->part_time_us);
  EXPECT_NEAR(static_cast<double>(*frame->part_time_us), 1.700000000123456e15, 2);
  EXPECT_EQ(frame->facts().time_us, frame->part_time_us);
}

TEST(FrameReader, GarbageBetweenIsPassedOver) {
  const std::string a = image("a"), b = image("b"), c = image("c");
  FrameReader reader;
  EXPECT_EQ(read_all(reader, "noise" + a + "x" + b + std::string(100'000, 'z') + c + "tail", 64),
            (std::vector{a, b, c}));
  EXPECT_EQ(dropped(reader, Dropped::kGarbage), 4u);
}

TEST(FrameReader, PaddingAndImagesWithoutAPictureAreNoGarbage) {
  const std::string a = image("a"), b = image("b"), empty = "\xff\xd8\xff\xd9";
  for (const std::size_t step : {3u, 4096u}) {
    FrameReader reader;
    const std::string zeros(step == 3 ? 50 : 300'000, '\0');
    EXPECT_EQ(read_all(reader, empty + empty + a + zeros + empty + b + zeros, step),
              (std::vector{a, b}));
    for (const auto count : reader.dropped()) EXPECT_EQ(count, 0u);
  }
}

TEST(FrameReader, AnImageWithoutAPictureLeavesThePartItsTime) {
  FrameReader reader;
  const std::string part = "--b\r\nX-Timestamp: 17.5\r\n\r\n\xff\xd8\xff\xd9" + image("a");
  std::memcpy(reader.space().data(), part.data(), part.size());
  reader.filled(part.size());
  const auto frame = reader.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->part_time_us, 17'500'000);
}

std::string encoded(int seed) {
  std::vector<std::uint8_t> samples(3 * 64 * 48);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::uint8_t>(static_cast<int>(i * i) * seed);
  return std::string(
      as_text(plain_encode(samples.data(), 64, 48, JCS_YCbCr, Subsampling::k422, 80)));
}

TEST(FrameReader, ImagesThatAllLackTheirEndAreCompleted) {
  const std::vector<std::string> images = {encoded(1), encoded(2), encoded(3)};
  for (const std::string& between : {std::string(), std::string(100, '\0'),
                                     std::string("\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n")}) {
    std::string stream;
    for (const std::string& jpeg : images) stream += jpeg.substr(0, jpeg.size() - 2) + between;
    for (const std::size_t step : {7u, 1u << 20}) {
      FrameReader reader;
      EXPECT_EQ(read_all(reader, stream, step), images) << between;
      for (const auto count : reader.dropped()) EXPECT_EQ(count, 0u);
    }
  }
}

TEST(FrameReader, IsTheSameCleaningRoomAsThatOfDevices) {
  const std::string jpeg = encoded(1), com = com_segment({1, 7, SourceState::kLive});
  // Motion-JPEG without Huffman tables, with Exif, and with the comment where it used to be.
  std::string odd = "\xff\xd8" + com +
                    std::string(
                        "\xff\xe1\0\x0a"
                        "Exif\0\0MM",
                        12);
  JpegInfo info;
  walk_jpeg(as_bytes(jpeg), info);
  for (const JpegSegment& segment : segments_of(as_bytes(jpeg), info))
    if (segment.marker != kDht) odd += as_text(segment.all);
  odd += jpeg.substr(info.scan);
  FrameReader reader;
  const auto images = read_all(reader, odd + odd, 1000);
  ASSERT_EQ(images.size(), 2u);
  FrameParts parts;
  ASSERT_EQ(clean_jpeg(as_bytes(odd), com, parts), JpegFault::kNone);
  const auto cleaned = joined(parts);
  EXPECT_EQ(images[0], as_text(cleaned));
  EXPECT_EQ(images[1], as_text(cleaned));
  EXPECT_EQ(read_facts(as_bytes(images[0])).sequence, 7u);
  EXPECT_EQ(decode(cleaned).samples,
            decode(std::vector<std::uint8_t>(jpeg.begin(), jpeg.end())).samples);
}

TEST(FrameReader, CutShortIsDroppedAndTheNextFound) {
  const std::string whole = image("the data"), next = image("next"), last = image("last");
  const std::size_t sos = whole.find("\xff\xda");
  for (std::size_t cut = 3; cut < whole.size(); ++cut) {
    FrameReader reader;
    const auto images = read_all(reader, whole.substr(0, cut) + next + last, 3);
    ASSERT_FALSE(images.empty()) << cut;
    EXPECT_EQ(images.back(), last) << cut;
    // If the scan header is cut short, the next image's first bytes are taken for the header, and
    // its other bytes for the scan's data.
    if (cut > sos + 4 && cut < sos + 14) continue;
    EXPECT_EQ(images, (std::vector{next, last})) << cut;
    EXPECT_GE(dropped(reader, Dropped::kTruncated) + dropped(reader, Dropped::kBroken), 1u) << cut;
  }
}

TEST(FrameReader, EndInsideAnImageCounts) {
  FrameReader reader;
  EXPECT_TRUE(read_all(reader, image("abc").substr(0, 38), 100).empty());
  EXPECT_EQ(dropped(reader, Dropped::kTruncated), 1u);
}

// One segment contains 10 000 SOIs. A walk from any of them goes through the same long scan and
// fails at its end.
TEST(FrameReader, NestedImagesAreNotWalkedForEver) {
  const std::string next = image("next");
  std::string hostile = "\xff\xd8\xff\xe0\xff\xff";
  for (std::size_t left = 0xffff - 2; left >= 6; left -= 6) {
    const std::size_t length = left - 4;
    hostile += "\xff\xd8\xff\xe0";
    hostile.push_back(static_cast<char>(length >> 8));
    hostile.push_back(static_cast<char>(length));
  }
  hostile += "...";
  const std::string end = image(std::string(1 << 20, 'x'));
  hostile += end.substr(2, end.size() - 4) + "\xff\x02";
  FrameReader reader;
  EXPECT_EQ(read_all(reader, hostile + next, 1 << 16), std::vector{next});
  EXPECT_EQ(dropped(reader, Dropped::kBroken), 17u);
}

TEST(FrameReader, SmallImagesInOneReadHaveMemoryOfTheirOwn) {
  std::string input;
  std::vector<std::string> images;
  for (int i = 0; i < 100; ++i) input += images.emplace_back(image(std::to_string(i)));
  FrameReader reader;
  const auto space = reader.space();
  std::memcpy(space.data(), input.data(), input.size());
  reader.filled(input.size());
  std::vector<JpegImage> read;
  while (auto frame = reader.next()) read.push_back(std::move(*frame));
  ASSERT_EQ(read.size(), images.size());
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(as_text(read[i].bytes()), images[i]);
}

TEST(FrameReader, TooLargeIsDropped) {
  FrameReader reader(1000);
  const std::string next = image("next");
  EXPECT_EQ(read_all(reader, image(std::string(5000, 'x')) + next, 500), std::vector{next});
  EXPECT_EQ(dropped(reader, Dropped::kTooLarge), 1u);
}

}  // namespace
}  // namespace kvm
