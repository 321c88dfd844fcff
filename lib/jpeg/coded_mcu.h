// The entropy-coded data of a baseline JPEG image, MCU by MCU: where each begins, whether two say
// the same, and copies of some with the DC predictions put right. Codes are read, coefficients are
// not: nothing is decoded. Source: ITU-T T.81, A.2, F.1.2, F.2.2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/io.h"
#include "jpeg/huffman.h"
#include "jpeg/walker.h"

namespace kvm {

// What lies between two restart markers, without stuffed zeros.
class CodedBits {
 public:
  CodedBits() = default;
  explicit CodedBits(Bytes stuffed);
  std::size_t size() const noexcept { return bytes_.size() * 8 - kSpare; }  // bits
  static constexpr int kAtOnce = 57;
  // That many bits from bit `at` (at most size()) on, on top; below them anything.
  std::uint64_t from(std::size_t at) const noexcept;

 private:
  static constexpr std::size_t kSpare = 64;  // bits behind the end that can be read
  std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(kSpare / 8);
};

// Writes bits as entropy-coded data.
class BitWriter {
 public:
  explicit BitWriter(std::string& to) : to_(to) {}
  void put(std::uint64_t bits, int count);  // the low ones, at most 32
  void copy(const CodedBits& from, std::size_t at, std::size_t count);
  void finish();  // fills the last byte with ones (F.1.2.3)

 private:
  std::string& to_;
  std::uint64_t held_ = 0;
  int count_ = 0;  // of held_, less than 8
};

using DcValues = std::array<std::int16_t, 4>;  // of each component's last block

struct CodedMcu {
  std::uint32_t bit = 0, bits = 0;  // in its segment
  DcValues dc{};                    // after it
  std::uint64_t content = 0;        // hash: the same where all coefficients are
  // Of the components with less than full resolution, which a decoder interpolates over the MCU's
  // edge: the same where their coefficients are.
  std::uint64_t colour = 0;

  // Interpolation between this one and its neighbour changes nothing: both are of one colour.
  bool blends(const CodedMcu& other) const noexcept { return flat() && colour == other.colour; }
  bool flat() const noexcept { return colour >> 63; }
};

// How the MCUs of an image are coded.
class McuCode {
 public:
  // `info` is what walk_jpeg says of `image`. nullopt: not baseline, several scans, or tables that
  // are missing or none.
  static std::optional<McuCode> of(Bytes image, const JpegInfo& info);

  // Reads as many MCUs as there is room for. False: that is not what the segment holds.
  bool read(const CodedBits& segment, std::span<CodedMcu> mcus) const noexcept;

  // Appends `run`, MCUs in a row of one segment whose first was predicted from `predicted`, to
  // MCUs that end with the values `before`; those that the run ends with afterwards. False: a
  // difference has no code in this image; then the writer is of no use any more.
  bool append(BitWriter& to, DcValues& before, const CodedBits& segment,
              std::span<const CodedMcu> run, const DcValues& predicted) const;

 private:
  struct Component {
    int blocks;          // in an MCU
    bool coarse;         // less than full resolution
    std::size_t dc, ac;  // in codes_
  };
  struct Block;
  static std::uint64_t hash(const CodedBits& segment, const Block& block) noexcept;
  bool read_block(const CodedBits& segment, const Component& component,
                  Block& block) const noexcept;

  std::vector<Component> components_;
  std::array<std::optional<HuffmanCodes>, 8> codes_;  // DC 0–3, AC 0–3
};

}  // namespace kvm
