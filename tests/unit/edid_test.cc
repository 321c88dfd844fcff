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
  EXPECT_NE(why(as_bytes("")).find("0 bytes"), std::string::npos);
  EXPECT_NE(why(as_bytes("00 f")).find("neither binary nor hexadecimal"), std::string::npos);
}

}  // namespace
}  // namespace kvm
