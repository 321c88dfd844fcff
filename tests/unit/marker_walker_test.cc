#include "jpeg/marker_walker.h"

#include <gtest/gtest.h>

#include <vector>

#include "jpeg/frame_facts.h"

namespace kvm {
namespace {

// The smallest image for a marker walker: SOI, SOF0 16x8 4:2:0, SOS, data, EOI.
std::vector<std::uint8_t> tiny() {
  return {0xff, 0xd8, 0xff, 0xc0, 0,    17,   8,    0,    8,    0,    16,   3,    1,   0x22, 0,
          2,    0x11, 1,    3,    0x11, 1,    0xff, 0xda, 0,    12,   3,    1,    0,   2,    0,
          3,    0,    0,    63,   0,    0x12, 0xff, 0,    0xff, 0xd0, 0x34, 0xff, 0xd9};
}

TEST(JpegWalker, FindsTheTrueEnd) {
  auto image = tiny();
  const std::size_t size = image.size();
  image.insert(image.end(), {0, 1, 2, 0xff, 0xd9});
  JpegInfo info;
  ASSERT_EQ(walk_jpeg(image, info), JpegWalk::kDone);
  EXPECT_EQ(info.size, size);
  EXPECT_EQ(info.width, 16);
  EXPECT_EQ(info.height, 8);
  EXPECT_EQ(info.mcu_width, 16);
  EXPECT_EQ(info.mcu_height, 16);
  EXPECT_TRUE(info.baseline);
  EXPECT_FALSE(info.has_huffman_tables);
}

TEST(JpegWalker, ByteByByteIsTheSame) {
  const auto image = tiny();
  JpegWalker walker;
  for (std::size_t n = 0; n < image.size(); ++n)
    ASSERT_EQ(walker.walk(Bytes(image).first(n)), JpegWalk::kMore) << n;
  EXPECT_EQ(walker.walk(image), JpegWalk::kDone);
  EXPECT_EQ(walker.info().size, image.size());
}

TEST(JpegWalker, SaysWhatIsWrong) {
  const auto whole = tiny();
  auto image = whole;
  image.erase(image.end() - 2, image.end());
  image.insert(image.end(), whole.begin(), whole.end());
  JpegWalker cut;
  EXPECT_EQ(cut.walk(image), JpegWalk::kBad);
  EXPECT_EQ(cut.fault(), JpegFault::kTruncated);

  JpegWalker text;
  EXPECT_EQ(text.walk(as_bytes("hello")), JpegWalk::kBad);
  EXPECT_EQ(text.fault(), JpegFault::kNotJpeg);

  JpegWalker empty;
  const std::uint8_t no_picture[] = {0xff, 0xd8, 0xff, 0xd9};
  EXPECT_EQ(empty.walk(no_picture), JpegWalk::kBad);
  EXPECT_EQ(empty.fault(), JpegFault::kEmpty);
}

TEST(Segments, AMarkerWithoutALengthIsNone) {
  auto image = tiny();
  image.insert(image.begin() + 2, {0xff, 0xd0, 0xff, 0x01, 0xff});  // RST0, TEM, fill
  JpegInfo info;
  ASSERT_EQ(walk_jpeg(image, info), JpegWalk::kDone);
  const auto segments = segments_of(image, info);
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[0].marker, kSof0);
  EXPECT_EQ(segments[0].all.size(), 19u);
  EXPECT_EQ(segments[0].body.size(), 15u);
  EXPECT_EQ(segments[1].marker, kSos);
  EXPECT_EQ(segments[1].all.data() + segments[1].all.size(), image.data() + info.scan);
}

TEST(Frame, FactsTravelInTheComment) {
  const FrameFacts facts{1'700'000'000'123'456, 42, SourceState::kNoSignal};
  auto image = tiny();
  const std::string com = com_segment(facts);
  image.insert(image.begin() + 2, com.begin(), com.end());
  EXPECT_EQ(as_text(find_com(image)), com);
  const FrameFacts read = read_facts(image);
  EXPECT_EQ(read.time_us, facts.time_us);
  EXPECT_EQ(read.sequence, facts.sequence);
  EXPECT_EQ(read.state, facts.state);
  JpegInfo info;
  EXPECT_EQ(walk_jpeg(image, info), JpegWalk::kDone);
}

TEST(Frame, TheCommentIsFoundAnywhereBeforeTheFrameHeader) {
  const std::string com = com_segment({1, 42, SourceState::kLive});
  const std::string app0("\xff\xe0\0\x04zz", 6), text("\xff\xfe\0\x08kvm-te", 10);
  for (const std::string& before : {std::string(), app0, app0 + text, text + "\xff" + app0}) {
    auto image = tiny();
    const std::string inserted = before + com;
    image.insert(image.begin() + 2, inserted.begin(), inserted.end());
    EXPECT_EQ(read_facts(image).sequence, 42u);
    for (std::size_t size = 0; size < 2 + inserted.size(); ++size)
      EXPECT_FALSE(read_facts(Bytes(image).first(size)).sequence) << size;
  }
  auto late = tiny();
  late.insert(late.begin() + 21, com.begin(), com.end());  // behind SOF
  EXPECT_TRUE(find_com(late).empty());
}

TEST(Frame, ATimeThatCannotBeIsNone) {
  for (const std::int64_t time_us : {INT64_MIN, std::int64_t{-5}, std::int64_t{0}, INT64_MAX}) {
    auto image = tiny();
    const std::string com = com_segment({time_us, 42, SourceState::kStalled});
    image.insert(image.begin() + 2, com.begin(), com.end());
    EXPECT_EQ(read_facts(image).time_us.has_value(), time_us == 0) << time_us;
    EXPECT_EQ(read_facts(image).sequence, 42u);
    EXPECT_EQ(read_facts(image).state, SourceState::kStalled);
  }
}

TEST(Frame, AStateThatIsNoneOfOursIsLive) {
  for (const char* state : {"", "none", "liv", "no-signal-x"}) {
    auto image = tiny();
    const std::string text = std::string("kvm s=") + state + " n=3";
    const std::string com =
        "\xff\xfe" + std::string({0, static_cast<char>(text.size() + 2)}) + text;
    image.insert(image.begin() + 2, com.begin(), com.end());
    EXPECT_EQ(read_facts(image).state, SourceState::kLive) << state;
    EXPECT_EQ(read_facts(image).sequence, 3u) << state;
  }
}

TEST(Frame, AnImageWithoutFactsHasDefaults) {
  const auto image = tiny();
  EXPECT_TRUE(find_com(image).empty());
  EXPECT_FALSE(read_facts(image).time_us);
  EXPECT_EQ(read_facts(image).state, SourceState::kLive);
}

}  // namespace
}  // namespace kvm
