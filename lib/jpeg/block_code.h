// Writes quantised blocks as entropy-coded data. For speed, whole tokens come from a table, and
// branches that a processor would often mispredict are avoided.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "jpeg/huffman.h"

namespace kvm {

// Writes bits without the zero byte that must follow each 0xff; stuff() adds these zeros later.
class BareBits {
 public:
  // `to` must have room for all bits that are put, and for kSpare more bytes.
  static constexpr std::size_t kSpare = 8;
  explicit BareBits(std::uint8_t* to) : to_(to) {}

  // Appends the low `length` bits of `bits`, 1 to 32; the higher bits must be 0. Always stores
  // eight bytes and moves on by the complete ones: to test how many to store would cost more.
  [[gnu::always_inline]] void put(std::uint32_t bits, std::uint32_t length) noexcept {
    count_ += length;
    held_ |= std::uint64_t{bits} << (64 - count_);
    std::uint64_t bytes = held_;
    if constexpr (std::endian::native == std::endian::little) bytes = __builtin_bswap64(bytes);
    std::memcpy(to_, &bytes, sizeof bytes);
    to_ += count_ / 8;
    held_ <<= count_ & ~7u;
    count_ &= 7;
  }
  // Fills the last byte with ones (F.1.2.3). Returns the end of the written bytes.
  std::uint8_t* finish() noexcept {
    put(0x7f, 7);
    return to_;
  }

 private:
  std::uint8_t* to_;
  std::uint64_t held_ = 0;   // the bits of the unfinished byte, from the top
  std::uint32_t count_ = 0;  // how many bits held_ has: less than 8
};

// Copies entropy-coded data and inserts a zero after each 0xff. Returns the end of the copy, which
// may be twice as long as the source.
std::uint8_t* stuff(const std::uint8_t* from, const std::uint8_t* end, std::uint8_t* to) noexcept;

// Codes the blocks of a component. Source: ITU-T T.81, F.1.2.
class BlockCode {
 public:
  BlockCode(const HuffmanCodes& dc, const HuffmanCodes& ac);

  // The most bytes that a block takes: 64 tokens with 16 bits of Huffman code and 11 of value.
  static constexpr std::size_t kLargest = 64 * 27 / 8;

  // `block`: the coefficients; the i-th in zigzag order is at `places[i]`. `nonzero`: bit i is
  // set if the i-th in zigzag order is not zero. `last`: on entry the DC value of the previous
  // block of this component, on return the DC value of this block.
  [[gnu::always_inline]] void write(BareBits& to, const std::int16_t* block,
                                    const std::array<std::uint8_t, 64>& places,
                                    std::uint64_t nonzero, int& last) const noexcept {
    put(to, dc_.token(0, block[0] - last));
    last = block[0];
    nonzero >>= 1;
    const std::uint8_t* place = &places[1];
    while (nonzero) {
      auto run = static_cast<unsigned>(std::countr_zero(nonzero));
      nonzero = nonzero >> run >> 1;
      place += run;
      for (; run > 15; run -= 16) put(to, ac_.sixteen_zeros());
      put(to, ac_.token(run, block[*place++]));
    }
    if (place != places.data() + places.size()) put(to, ac_.end_of_block());
  }

 private:
  // A Huffman code, followed by the value's bits.
  struct Token {
    std::uint32_t bits = 0, length = 0;
  };
  // A Huffman code gives the number of zeros before a value and the number of the value's bits. The
  // bits are those of the value, or of the value minus one if the value is negative.
  class Tokens {
   public:
    explicit Tokens(const HuffmanCodes& codes);

    // `run` is below 16.
    [[gnu::always_inline]] Token token(std::uint32_t run, int value) const noexcept {
      const auto index = static_cast<std::uint32_t>(value + kSmall);
      if (index < 2 * kSmall) [[likely]]
        return small_[run * 2 * kSmall + index];
      return build(run, value);
    }
    const Token& end_of_block() const noexcept { return codes_[0x00]; }
    const Token& sixteen_zeros() const noexcept { return codes_[0xf0]; }

   private:
    Token build(std::uint32_t run, int value) const noexcept;

    static constexpr int kSmall = 16;  // most values are in [-kSmall, kSmall)
    // Value bits are 0 here; build() adds them. Index: run << 4 | number of value bits.
    std::array<Token, 16 * 16> codes_;
    std::array<Token, 16 * 2 * kSmall> small_;  // whole tokens; index: run, small value
  };

  [[gnu::always_inline]] static void put(BareBits& to, const Token& token) noexcept {
    to.put(token.bits, token.length);
  }

  Tokens dc_, ac_;
};

}  // namespace kvm
