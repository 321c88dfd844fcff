#include "jpeg/block_code.h"

#include <algorithm>
#include <cstdlib>

namespace kvm {

std::uint8_t* stuff(const std::uint8_t* from, const std::uint8_t* end, std::uint8_t* to) noexcept {
  while (from != end) {
    const void* const found = std::memchr(from, 0xff, static_cast<std::size_t>(end - from));
    const auto* const next = found ? static_cast<const std::uint8_t*>(found) + 1 : end;
    to = std::copy(from, next, to);
    if (found) *to++ = 0;
    from = next;
  }
  return to;
}

BlockCode::BlockCode(const HuffmanCodes& dc, const HuffmanCodes& ac) : dc_(dc), ac_(ac) {}

BlockCode::Tokens::Tokens(const HuffmanCodes& codes) {
  for (std::uint32_t i = 0; i < codes_.size(); ++i) {
    const HuffmanCodes::Code code = codes.encode(static_cast<std::uint8_t>(i));
    const std::uint32_t size = i & 15;
    codes_[i] = {std::uint32_t{code.bits} << size, code.length + size};
  }
  for (std::uint32_t run = 0; run < 16; ++run)
    for (int value = -kSmall; value < kSmall; ++value)
      small_[run * 2 * kSmall + static_cast<std::uint32_t>(value + kSmall)] = build(run, value);
}

BlockCode::Token BlockCode::Tokens::build(std::uint32_t run, int value) const noexcept {
  const auto size =
      static_cast<std::uint32_t>(std::bit_width(static_cast<unsigned>(std::abs(value))));
  const Token& code = codes_[run << 4 | size];
  const auto low = static_cast<unsigned>(value < 0 ? value - 1 : value) & ((1u << size) - 1);
  return {code.bits | low, code.length};
}

}  // namespace kvm
