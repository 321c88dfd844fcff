#include "jpeg/huffman.h"

#include <algorithm>

namespace kvm {

std::optional<HuffmanCodes> HuffmanCodes::of(Bytes table) {
  if (table.size() < 16) return std::nullopt;
  HuffmanCodes codes;
  const Bytes values = table.subspan(16);
  std::uint32_t code = 0;
  std::size_t at = 0;
  for (int length = 1; length <= 16; ++length, code <<= 1) {
    const std::size_t count = table[static_cast<std::size_t>(length) - 1];
    if (at + count > values.size() || at + count > codes.values_.size() ||
        code + count > 1u << length)
      return std::nullopt;
    const auto l = static_cast<std::size_t>(length);
    codes.value_offset_[l] = static_cast<int>(at) - static_cast<int>(code);
    for (const std::size_t end = at + count; at < end; ++at, ++code) {
      const Symbol symbol{values[at], static_cast<std::uint8_t>(length)};
      codes.values_[at] = symbol.value;
      codes.codes_[symbol.value] = {static_cast<std::uint16_t>(code), symbol.length};
      if (length <= kQuick)
        std::fill_n(codes.quick_.begin() + (code << (kQuick - length)), 1u << (kQuick - length),
                    symbol);
    }
    codes.end_[l] = code << (16 - length);
  }
  return codes;
}

HuffmanCodes::Symbol HuffmanCodes::decode_long(std::uint32_t next) const noexcept {
  for (std::size_t length = kQuick + 1; length <= 16; ++length)
    if (next < end_[length]) {
      const int index = value_offset_[length] + static_cast<int>(next >> (16 - length));
      return {values_[static_cast<std::size_t>(index)], static_cast<std::uint8_t>(length)};
    }
  return {};
}

}  // namespace kvm
