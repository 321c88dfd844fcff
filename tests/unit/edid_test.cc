#include "capture/edid.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"

namespace kvm {
namespace {

TEST(Edid, TheDefaultOneIsWhole) {
  const auto edid = default_edid();
  EXPECT_EQ(parse_edid(edid, "default").size(), 256u);
  EXPECT_EQ(edid_name(edid), "KVM");
}

TEST(Edid, TheOneOf50HertzIsWholeAndDiffersInItsTimingOnly) {
  const auto edid = default_edid(), slower = default_edid(50);
  EXPECT_EQ(parse_edid(slower, "slower").size(), 256u);
  std::vector<std::size_t> differ;
  for (std::size_t i = 0; i < edid.size(); ++i)
    if (edid[i] != slower[i]) differ.push_back(i);
  EXPECT_EQ(differ, (std::vector<std::size_t>{57, 58, 62, 65, 127, 133, 255}));
  // 148.5 MHz over 2640 x 1125 is 50 Hz (CTA-861-G, VIC 31).
  const int blank_x = slower[57] | (slower[58] & 15) << 8, blank_y = slower[60] | (slower[61] & 15)
                                                                                      << 8;
  EXPECT_EQ(148'500'000 / ((1920 + blank_x) * (1080 + blank_y)), 50);
}

TEST(Edid, HexadecimalDigitsWillDo) {
  std::string text;
  const auto edid = default_edid();
  for (const auto byte : edid) text += strf("%02X%s", byte, text.size() % 3 ? " " : "\n");
  EXPECT_EQ(parse_edid(as_bytes(text), "hex"), std::vector<std::uint8_t>(edid.begin(), edid.end()));
}

std::vector<std::uint8_t> padded(Bytes edid, std::size_t bytes) {
  std::vector<std::uint8_t> file(edid.begin(), edid.end());
  file.resize(bytes);
  return file;
}

void set_checksum(std::vector<std::uint8_t>& edid, std::size_t block) {
  std::uint8_t sum = 0;
  for (std::size_t i = 0; i < 127; ++i)
    sum = static_cast<std::uint8_t>(sum + edid[128 * block + i]);
  edid[128 * block + 127] = static_cast<std::uint8_t>(-sum);
}

TEST(Edid, ZerosBehindItAreLeftOut) {
  const auto edid = default_edid();
  for (const std::size_t bytes : {384u, 512u, 32768u})
    EXPECT_EQ(parse_edid(padded(edid, bytes), "padded"),
              std::vector<std::uint8_t>(edid.begin(), edid.end()));
  auto single = padded(Bytes(edid).first(128), 256);
  single[126] = 0;
  set_checksum(single, 0);
  EXPECT_EQ(parse_edid(single, "single").size(), 128u);
}

// HDMI 2.1, 10.3.6: byte 126 says 1 for old readers, the first data block gives the true number.
TEST(Edid, AnHdmi21ScreenOverridesTheNumberOfBlocks) {
  const auto usual = default_edid();
  auto edid = padded(usual, 512);
  const std::uint8_t cta[] = {0x02, 0x03, 0x07, 0x40, 0xe2, 0x78, 0x03};
  std::fill(edid.begin() + 128, edid.end(), std::uint8_t{0});
  std::copy(std::begin(cta), std::end(cta), edid.begin() + 128);
  for (const std::size_t more : {2u, 3u}) {
    edid[128 * more] = 0x02;
    edid[128 * more + 1] = 0x03;
  }
  for (std::size_t block = 1; block < 4; ++block) set_checksum(edid, block);
  EXPECT_EQ(parse_edid(edid, "hdmi21").size(), 512u);
}

std::string why(Bytes file) {
  try {
    parse_edid(file, "x.edid");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::kData);
    return error.what();
  }
  return "";
}

TEST(Edid, SaysWhatIsWrong) {
  auto edid = default_edid();
  edid[200] ^= 1;
  EXPECT_EQ(why(edid), "x.edid: not an EDID: wrong checksum of block 1");
  edid[0] = 1;
  EXPECT_NE(why(edid).find("neither binary nor hexadecimal"), std::string::npos);
  EXPECT_NE(why(Bytes(default_edid()).first(128)).find("1 extension blocks and has 0"),
            std::string::npos);
  auto more = padded(default_edid(), 384);
  more[300] = 1;
  EXPECT_NE(why(more).find("1 extension blocks and has 2"), std::string::npos);
  EXPECT_NE(why(as_bytes("")).find("0 bytes"), std::string::npos);
  EXPECT_NE(why(as_bytes("00 f")).find("neither binary nor hexadecimal"), std::string::npos);
}

}  // namespace
}  // namespace kvm
