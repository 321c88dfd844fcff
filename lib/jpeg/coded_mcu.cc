#include "jpeg/coded_mcu.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "jpeg/scan_tables.h"

namespace kvm {

namespace {

constexpr int kMostDc = 16383;  // far above any value of 8-bit samples

struct Hash {
  std::uint64_t value = 0x9e3779b97f4a7c15;
  void add(std::uint64_t word) noexcept {
    value = (value ^ word) * 0xff51afd7ed558ccd;
    value ^= value >> 32;
  }
};

// The top `count` bits of `next`, as a difference (F.2.2.1, EXTEND).
int difference(std::uint64_t next, int count) noexcept {
  if (count == 0) return 0;
  const auto bits = static_cast<int>(next >> (64 - count));
  return bits < 1 << (count - 1) ? bits - (1 << count) + 1 : bits;
}

}  // namespace

CodedBits::CodedBits(Bytes stuffed) {
  bytes_.resize(stuffed.size() + kSpare / 8);
  std::uint8_t* to = bytes_.data();
  const std::uint8_t *at = stuffed.data(), *const end = at + stuffed.size();
  while (at != end) {
    const void* const found = std::memchr(at, 0xff, static_cast<std::size_t>(end - at));
    const std::uint8_t* const next = found ? static_cast<const std::uint8_t*>(found) + 1 : end;
    to = std::copy(at, next, to);
    at = found && next != end ? next + 1 : next;  // skips the stuffed zero
  }
  bytes_.resize(static_cast<std::size_t>(to - bytes_.data()) + kSpare / 8);
}

std::uint64_t CodedBits::from(std::size_t at) const noexcept {
  std::uint64_t word;
  std::memcpy(&word, bytes_.data() + at / 8, sizeof word);
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
  return word << at % 8;
}

void BitWriter::put(std::uint64_t bits, int count) {
  held_ = held_ << count | bits;
  for (count_ += count; count_ >= 8;) {
    count_ -= 8;
    const auto byte = static_cast<std::uint8_t>(held_ >> count_);
    to_.push_back(static_cast<char>(byte));
    if (byte == 0xff) to_.push_back('\0');
  }
  held_ &= (1u << count_) - 1;
}

void BitWriter::copy(const CodedBits& from, std::size_t at, std::size_t count) {
  while (count > 0) {
    const std::size_t step = std::min<std::size_t>(count, 32);
    put(from.from(at) >> (64 - step), static_cast<int>(step));
    at += step;
    count -= step;
  }
}

void BitWriter::finish() {
  if (count_ > 0) put((1u << (8 - count_)) - 1, 8 - count_);
}

std::optional<McuCode> McuCode::of(Bytes image, const JpegInfo& info) {
  auto tables = ScanTables::of(image, info);
  if (!tables) return std::nullopt;
  McuCode code;
  for (const auto& [width, height, steps, dc, ac] : tables->components) {
    const bool full = static_cast<int>(8 * width) == info.mcu_width &&
                      static_cast<int>(8 * height) == info.mcu_height;
    code.components_.push_back({static_cast<int>(width * height), !full, dc, ac});
  }
  code.codes_ = std::move(tables->codes);
  return code;
}

// The state of read_block().
struct McuCode::Block {
  std::size_t at;         // before: the block's first bit; after: the bit after the block
  std::size_t ac_at = 0;  // first bit of the AC coefficients
  int dc;                 // before: DC value of the previous block; after: of this block
  bool plain = false;     // has no AC coefficients
};

bool McuCode::read_block(const CodedBits& segment, const Component& component,
                         Block& block) const noexcept {
  const HuffmanCodes &dc = *codes_[component.dc], &ac = *codes_[component.ac];
  const std::size_t end = segment.size();
  std::uint64_t next = segment.from(block.at);
  const auto first = dc.decode(static_cast<std::uint32_t>(next >> 48));
  if (first.length == 0 || first.value > 11) return false;
  block.dc += difference(next << first.length, first.value);
  block.at += first.length + first.value;
  block.ac_at = block.at;
  if (block.at > end || std::abs(block.dc) > kMostDc) return false;
  constexpr int kLongest = 16 + 15;  // bits of a Huffman code and of its value
  int known = 0;                     // valid bits at the top of next
  int k = 1;                         // zigzag index of the next coefficient
  do {
    if (known < kLongest) {
      if (block.at > end) return false;
      next = segment.from(block.at);
      known = CodedBits::kAtOnce;
    }
    const auto symbol = ac.decode(static_cast<std::uint32_t>(next >> 48));
    const int run = symbol.value >> 4, size = symbol.value & 15, bits = symbol.length + size;
    if (symbol.length == 0 || (size == 0 && run != 0 && run != 15)) return false;
    next <<= bits;
    known -= bits;
    block.at += static_cast<std::size_t>(bits);
    if (symbol.value == 0) {
      block.plain = k == 1;
      k = 64;
    } else {
      k += run + 1;
    }
  } while (k < 64);
  return k == 64 && block.at <= end;
}

// The hash of a block's AC coefficients.
std::uint64_t McuCode::hash_ac(const CodedBits& segment, const Block& block) noexcept {
  Hash hash;
  std::size_t left = block.at - block.ac_at;
  hash.add(left);
  for (std::size_t at = block.ac_at; left > 0;) {
    const std::size_t step = std::min<std::size_t>(left, CodedBits::kAtOnce);
    hash.add(segment.from(at) >> (64 - step));
    at += step;
    left -= step;
  }
  return hash.value;
}

// The hashes of an MCU while it is read.
struct McuCode::Hashes {
  Hash content, colour;
  std::uint64_t dc_values = 1;  // of the coarse components, after a leading 1 bit
  bool flat = true;             // each coarse component has a single value so far
};

// Reads the blocks of a component in one MCU. `at` and `dc` move on to the end of the last block.
bool McuCode::read_component(const CodedBits& segment, const Component& component, std::size_t& at,
                             std::int16_t& dc, Hashes& hashes) const noexcept {
  for (int i = 0; i < component.blocks; ++i) {
    Block block{.at = at, .dc = dc};
    if (!read_block(segment, component, block)) return false;
    at = block.at;
    const std::uint64_t ac = hash_ac(segment, block);
    const auto value = static_cast<std::uint16_t>(block.dc);
    hashes.content.add(value);
    hashes.content.add(ac);
    if (component.coarse) {
      hashes.colour.add(value);
      hashes.colour.add(ac);
      hashes.flat = hashes.flat && block.plain && (i == 0 || block.dc == dc);
      if (i == 0) hashes.dc_values = hashes.dc_values << 16 | value;
    }
    dc = static_cast<std::int16_t>(block.dc);
  }
  return true;
}

bool McuCode::read(const CodedBits& segment, std::span<CodedMcu> mcus) const noexcept {
  const auto bits = read_front(segment, mcus);
  return bits && segment.size() - *bits < 8;  // up to 7 fill bits; more bits would be more MCUs
}

std::optional<std::size_t> McuCode::read_front(const CodedBits& segment,
                                               std::span<CodedMcu> mcus) const noexcept {
  DcValues dc{};
  std::size_t at = 0;
  for (CodedMcu& mcu : mcus) {
    mcu.bit = static_cast<std::uint32_t>(at);
    Hashes hashes;
    for (std::size_t c = 0; c < components_.size(); ++c)
      if (!read_component(segment, components_[c], at, dc[c], hashes)) return std::nullopt;
    mcu.bits = static_cast<std::uint32_t>(at) - mcu.bit;
    mcu.dc = dc;
    mcu.content = hashes.content.value;
    mcu.colour = hashes.flat ? 1ull << 63 | hashes.dc_values : hashes.colour.value >> 1;
  }
  return at;
}

bool McuCode::append(BitWriter& to, DcValues& before, const CodedBits& segment,
                     std::span<const CodedMcu> run, const DcValues& predicted) const {
  std::size_t at = run.front().bit;
  for (std::size_t c = 0; c < components_.size(); ++c) {
    int dc = predicted[c];
    for (int i = 0; i < components_[c].blocks; ++i) {
      Block block{.at = at, .dc = dc};
      if (!read_block(segment, components_[c], block)) return false;
      if (i == 0) {
        const int diff = block.dc - before[c];
        const int size = std::bit_width(static_cast<unsigned>(std::abs(diff)));
        const auto code = codes_[components_[c].dc]->encode(static_cast<std::uint8_t>(size));
        if (code.length == 0) return false;
        to.put(code.bits, code.length);
        to.put(static_cast<unsigned>(diff < 0 ? diff + (1 << size) - 1 : diff), size);
        at = block.ac_at;
      }
      to.copy(segment, at, block.at - at);
      at = block.at;
      dc = block.dc;
    }
  }
  to.copy(segment, at, run.back().bit + run.back().bits - at);
  before = run.back().dc;
  return true;
}

}  // namespace kvm
