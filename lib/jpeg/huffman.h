// The Huffman codes of a JPEG image, for decoding and for encoding.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/io.h"

namespace kvm {

// One table of a DHT segment. Source: ITU-T T.81, annex C, F.2.2.3.
class HuffmanCodes {
 public:
  struct Symbol {
    std::uint8_t value, length;  // length in bits; 0: no code begins with these bits
  };
  struct Code {
    std::uint16_t bits;
    std::uint8_t length;  // 0: the value has no code
  };

  // `table`: the part of a DHT table after Tc and Th, that is, 16 counts and the values. nullopt:
  // this is not a prefix code.
  static std::optional<HuffmanCodes> of(Bytes table);

  // The symbol whose code is at the front of `next`, the next 16 bits of the data.
  Symbol decode(std::uint32_t next) const noexcept {
    const Symbol quick = quick_[next >> (16 - kQuick)];
    return quick.length ? quick : decode_long(next);
  }
  Code encode(std::uint8_t value) const noexcept { return codes_[value]; }

 private:
  static constexpr int kQuick = 9;  // bits; few codes are longer
  Symbol decode_long(std::uint32_t next) const noexcept;

  std::array<Symbol, 1 << kQuick> quick_{};
  std::array<Code, 256> codes_{};
  std::array<std::uint8_t, 256> values_{};
  // By code length: the last code plus 1, shifted left until it is 16 bits long.
  std::array<std::uint32_t, 17> end_{};
  // By code length: added to a code, this gives the index of its value in values_.
  std::array<int, 17> value_offset_{};
};

}  // namespace kvm
