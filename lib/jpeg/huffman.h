// The Huffman codes of a JPEG image, both ways.
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
    std::uint8_t value, length;  // length in bits; 0: no code begins so
  };
  struct Code {
    std::uint16_t bits;
    std::uint8_t length;  // 0: the value has no code
  };

  // `table`: 16 counts and the values, as after Tc and Th. nullopt: no prefix code.
  static std::optional<HuffmanCodes> of(Bytes table);

  // The symbol that the next 16 bits begin with.
  Symbol decode(std::uint32_t next) const noexcept {
    const Symbol quick = quick_[next >> (16 - kQuick)];
    return quick.length ? quick : decode_long(next);
  }
  Code encode(std::uint8_t value) const noexcept { return codes_[value]; }

 private:
  static constexpr int kQuick = 9;  // bits; most codes are no longer
  Symbol decode_long(std::uint32_t next) const noexcept;

  std::array<Symbol, 1 << kQuick> quick_{};
  std::array<Code, 256> codes_{};
  std::array<std::uint8_t, 256> values_{};
  // By length: the code after the last one, filled up to 16 bits, and where its value would be.
  std::array<std::uint32_t, 17> end_{};
  std::array<int, 17> first_value_{};  // less the first code
};

}  // namespace kvm
