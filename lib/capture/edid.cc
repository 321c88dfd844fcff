#include "capture/edid.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr std::uint8_t kHeader[] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
constexpr std::size_t kExtensions = 126;  // offset of the number of extension blocks
constexpr std::size_t kFirstDescriptor = 54, kDescriptor = 18;
constexpr std::uint8_t kNameTag = 0xfc;

// Offset and value of each byte that differs at 50 Hz: for 1080p the blanking (720 pixels, 45
// lines), the sync and the VIC.
constexpr std::pair<std::size_t, std::uint8_t> kAt50Hz[] = {
    {57, 0xd0}, {58, 0x72}, {62, 0x10}, {65, 0x80}, {133, 0x9f}};

// The checksum byte, which makes the sum of all 128 bytes a multiple of 256.
std::uint8_t checksum(Bytes block) {
  return static_cast<std::uint8_t>(-std::accumulate(block.begin(), block.begin() + 127, 0));
}

// The number of blocks that the EDID has according to itself. An HDMI 2.1 screen announces one
// extension block for old readers, and the true number in the override block (HF-EEODB), which
// stands first in the first extension block (HDMI 2.1, 10.3.6).
std::size_t announced_blocks(Bytes edid) {
  constexpr std::size_t kDataBlock = kEdidBlock + 4;
  constexpr std::uint8_t kCta = 0x02, kExtendedTag = 7 << 5, kOverride = 0x78;
  const bool overrides = edid.size() >= 2 * kEdidBlock && edid[kExtensions] == 1 &&
                         edid[kEdidBlock] == kCta && (edid[kDataBlock] & 0xe0) == kExtendedTag &&
                         (edid[kDataBlock] & 0x1f) >= 2 && edid[kDataBlock + 1] == kOverride &&
                         edid[kDataBlock + 2] > 1;
  return std::size_t{1} + edid[overrides ? kDataBlock + 2 : kExtensions];
}

// Decodes hexadecimal digits. Returns nothing if `text` is not pairs of digits and white space.
std::vector<std::uint8_t> from_hex(Bytes text) {
  std::vector<std::uint8_t> bytes;
  int digits = 0;
  for (const std::uint8_t c : text) {
    if (std::isspace(c)) continue;
    if (!std::isxdigit(c)) return {};
    const int digit = std::isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    if (digits++ % 2 == 0)
      bytes.push_back(static_cast<std::uint8_t>(digit << 4));
    else
      bytes.back() |= static_cast<std::uint8_t>(digit);
  }
  return digits % 2 ? std::vector<std::uint8_t>{} : bytes;
}

}  // namespace

std::array<std::uint8_t, 2 * kEdidBlock> default_edid(int hz) noexcept {
  std::array<std::uint8_t, 2 * kEdidBlock> edid = {
      0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,  // header
      0x2e, 0xcd, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00,  // maker "KVM", product 1, serial 1
      0x01, 0x24, 0x01, 0x03,                          // week 1 of 2026, EDID 1.3
      0x80, 0x35, 0x1e, 0x78, 0x2a,  // digital, 53x30 cm, gamma 2.2, preferred timing
      0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54,  // sRGB
      0x20, 0x08, 0x00,                                            // 640x480 and 1024x768 at 60 Hz
      0x81, 0xc0, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,              // 1280x720 at 60 Hz
      0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
      // 1920x1080 at 60 Hz: 148.5 MHz, blanking of 280 pixels and 45 lines
      0x02, 0x3a, 0x80, 0x18, 0x71, 0x38, 0x2d, 0x40, 0x58, 0x2c, 0x45, 0x00, 0x0f, 0x28, 0x21,
      0x00, 0x00, 0x1e,
      // 1280x720 at 60 Hz: 74.25 MHz, blanking of 370 pixels and 30 lines
      0x01, 0x1d, 0x00, 0x72, 0x51, 0xd0, 0x1e, 0x20, 0x6e, 0x28, 0x55, 0x00, 0x0f, 0x28, 0x21,
      0x00, 0x00, 0x1e,
      // 50-75 Hz, 15-80 kHz, up to 160 MHz
      0x00, 0x00, 0x00, 0xfd, 0x00, 0x32, 0x4b, 0x0f, 0x50, 0x10, 0x00, 0x0a, 0x20, 0x20, 0x20,
      0x20, 0x20, 0x20,
      // the name
      0x00, 0x00, 0x00, 0xfc, 0x00, 'K', 'V', 'M', 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
      0x20, 0x20,  //
      0x01, 0x00,  // one extension; checksum
      // CTA-861: revision 3, descriptors end at 22, underscan and basic audio, no DTDs of its own
      0x02, 0x03, 0x16, 0x40,              //
      0x43, 0x90, 0x04, 0x01,              // 1080p60 (native), 720p60, 480p
      0x23, 0x09, 0x07, 0x07,              // PCM, 2 channels, 32-48 kHz, 16-24 bits
      0x83, 0x01, 0x00, 0x00,              // front left and right
      0x65, 0x03, 0x0c, 0x00, 0x10, 0x00,  // HDMI, physical address 1.0.0.0
  };
  if (hz == 50)
    for (const auto& [at, byte] : kAt50Hz) edid[at] = byte;
  for (const std::size_t start : {std::size_t{0}, kEdidBlock})
    edid[start + 127] = checksum(Bytes(edid).subspan(start, kEdidBlock));
  return edid;
}

std::vector<std::uint8_t> parse_edid(Bytes file, std::string_view name) {
  const auto bad = [&](const std::string& why) {
    return Error(Exit::kData, std::string(name) + ": not an EDID: " + why);
  };
  std::vector<std::uint8_t> edid(file.begin(), file.end());
  if (!file.empty() && file[0] != 0) {
    edid = from_hex(file);
    if (edid.empty()) throw bad("neither binary nor hexadecimal digits (as xxd -p prints them)");
  }
  if (edid.empty() || edid.size() % kEdidBlock)
    throw bad(strf("%zu bytes (wanted: 128, 256, 384..., binary or hexadecimal)", edid.size()));
  if (!std::equal(std::begin(kHeader), std::end(kHeader), edid.begin()))
    throw bad("it does not begin with 00 ff ff ff ff ff ff 00");
  const std::size_t blocks = announced_blocks(edid), have = edid.size() / kEdidBlock;
  // Programs that read an EDID into a buffer of fixed size leave zeros behind it.
  const auto rest = Bytes(edid).subspan(std::min(blocks, have) * kEdidBlock);
  const bool padded = std::ranges::all_of(rest, [](auto byte) { return byte == 0; });
  if (blocks > have || !padded)
    throw bad(strf("it announces %zu extension blocks and has %zu", blocks - 1, have - 1));
  edid.resize(blocks * kEdidBlock);
  for (std::size_t i = 0; i < blocks; ++i) {
    const Bytes block = Bytes(edid).subspan(i * kEdidBlock, kEdidBlock);
    if (block[127] != checksum(block)) throw bad(strf("wrong checksum of block %zu", i));
  }
  return edid;
}

std::string edid_name(Bytes edid) {
  for (std::size_t at = kFirstDescriptor; at + kDescriptor < kEdidBlock; at += kDescriptor) {
    const Bytes descriptor = edid.subspan(at, kDescriptor);
    if (descriptor[0] || descriptor[1] || descriptor[3] != kNameTag) continue;
    const std::string_view text = as_text(descriptor.subspan(5));
    return printable(trim(text.substr(0, text.find('\n'))));
  }
  return {};
}

}  // namespace kvm
