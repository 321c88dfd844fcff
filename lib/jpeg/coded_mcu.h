// The entropy-coded data of a baseline JPEG image, MCU by MCU: finds where each MCU begins,
// compares MCUs, and copies some of them to another image with corrected DC predictions. Only the
// codes are read; no coefficient is decoded. Source: ITU-T T.81, A.2, F.1.2, F.2.2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/io.h"
#include "jpeg/huffman.h"
#include "jpeg/marker_walker.h"

namespace kvm {

// The data between two restart markers, without its stuffed zeros.
class CodedBits {
 public:
  CodedBits() = default;
  explicit CodedBits(Bytes stuffed);
  std::size_t size() const noexcept { return bytes_.size() * 8 - kSpare; }  // bits
  // The 64 bits from bit `at` (at most size()) on. Only the top kAtOnce bits are valid.
  static constexpr int kAtOnce = 57;
  std::uint64_t from(std::size_t at) const noexcept;

 private:
  static constexpr std::size_t kSpare = 64;  // bits after the end that from() may read
  std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(kSpare / 8);
};

// Writes bits as entropy-coded data.
class BitWriter {
 public:
  explicit BitWriter(std::string& to) : to_(to) {}
  void put(std::uint64_t bits, int count);  // the low `count` bits, at most 32
  void copy(const CodedBits& from, std::size_t at, std::size_t count);
  void finish();  // fills the last byte with ones (F.1.2.3)

 private:
  std::string& to_;
  std::uint64_t held_ = 0;
  int count_ = 0;  // how many bits held_ has: less than 8
};

using DcValues = std::array<std::int16_t, 4>;  // DC value of each component's last block

struct CodedMcu {
  std::uint32_t bit = 0, bits = 0;  // first bit and number of bits in its segment
  DcValues dc{};                    // of its last blocks
  std::uint64_t content = 0;        // hash of all coefficients
  // Hash of the components with less than full resolution, which a decoder interpolates across the
  // MCU's edge. The top bit is set if each of these components has a single value.
  std::uint64_t colour = 0;

  // Whether interpolation across the edge to a neighbour changes no pixel: both are flat and have
  // the same colour.
  bool blends(const CodedMcu& other) const noexcept { return flat() && colour == other.colour; }
  bool flat() const noexcept { return colour >> 63; }
};

// Reads and writes the MCUs of one image.
class McuCode {
 public:
  // `info` is what walk_jpeg() found in `image`. nullopt: the image is not baseline, has several
  // scans, or a Huffman table is missing or invalid.
  static std::optional<McuCode> of(Bytes image, const JpegInfo& info);

  // Fills `mcus`. False: the segment is damaged or does not hold that number of MCUs.
  bool read(const CodedBits& segment, std::span<CodedMcu> mcus) const noexcept;
  // The same for a segment that may hold more. Returns the number of bits of `mcus`.
  std::optional<std::size_t> read_front(const CodedBits& segment,
                                        std::span<CodedMcu> mcus) const noexcept;

  // Appends `run`, consecutive MCUs of one segment. `predicted`: the DC values from which the first
  // of these MCUs was predicted in its segment. `before`: on entry the DC values of the last MCU
  // written so far, on return those of the last MCU of the run. False: the first MCU
  // needs a DC difference for which the image has no code; the written data is then useless.
  bool append(BitWriter& to, DcValues& before, const CodedBits& segment,
              std::span<const CodedMcu> run, const DcValues& predicted) const;

 private:
  struct Component {
    int blocks;          // in an MCU
    bool coarse;         // has less than full resolution
    std::size_t dc, ac;  // indices in codes_
  };
  struct Block;
  struct Hashes;
  static std::uint64_t hash_ac(const CodedBits& segment, const Block& block) noexcept;
  bool read_block(const CodedBits& segment, const Component& component,
                  Block& block) const noexcept;
  bool read_component(const CodedBits& segment, const Component& component, std::size_t& at,
                      std::int16_t& dc, Hashes& hashes) const noexcept;

  std::vector<Component> components_;
  std::array<std::optional<HuffmanCodes>, 8> codes_;  // DC 0–3, then AC 0–3
};

}  // namespace kvm
