// Turns samples into quantised coefficients with AVX2, two blocks at a time.
#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "jpeg/marker_walker.h"

// Belongs on every function here, because all must be inlined into one caller. That caller may run
// only after a check that the processor has these extensions.
#define KVM_AVX2 gnu::target("avx2,bmi,bmi2")

namespace kvm::avx2 {

// ---- the transform ----
//
// libjpeg's "islow" DCT (Loeffler, Ligtenberg, Moschytz: ICASSP 1989) of two blocks side by side.
// The lower half of a vector holds a row of eight 16-bit values of the first block, the upper half
// the same row of the second. None of the instructions here moves data across the halves.

using Vector = __m256i;
using Rows = Vector[8];

[[KVM_AVX2, gnu::always_inline]] inline void transpose(Rows& r) noexcept {
  Rows a, b;
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_epi16(r[i], r[i + 1]);
    a[i + 1] = _mm256_unpackhi_epi16(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      b[i + 2 * j] = _mm256_unpacklo_epi32(a[i + j], a[i + j + 2]);
      b[i + 2 * j + 1] = _mm256_unpackhi_epi32(a[i + j], a[i + j + 2]);
    }
  for (int i = 0; i < 4; ++i) {
    r[2 * i] = _mm256_unpacklo_epi64(b[i], b[i + 4]);
    r[2 * i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 4]);
  }
}

// Sixteen sums of 32 bits: `low` has those of the low four values of each half, `high` the others.
struct Sums {
  Vector low, high;
};

[[KVM_AVX2, gnu::always_inline]] inline Sums operator+(const Sums& a, const Sums& b) noexcept {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}

// a * p + b * q
[[KVM_AVX2, gnu::always_inline]] inline Sums weighted(Vector a, int p, Vector b, int q) noexcept {
  const Vector factors = _mm256_set1_epi32(q << 16 | (p & 0xffff));
  return {_mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), factors),
          _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), factors)};
}

template <int kBits>
[[KVM_AVX2, gnu::always_inline]] inline Vector rounded(const Sums& sums) noexcept {
  const Vector half = _mm256_set1_epi32(1 << (kBits - 1));
  return _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(sums.low, half), kBits),
                            _mm256_srai_epi32(_mm256_add_epi32(sums.high, half), kBits));
}

// The factors have 13 bits of fraction. The first pass adds two bits of fraction to its values.
constexpr int kFraction = 13, kExtra = 2;
constexpr int k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373,
              k1_175 = 9633, k1_501 = 12299, k1_847 = 15137, k1_961 = 16069, k2_053 = 16819,
              k2_562 = 20995, k3_072 = 25172;

template <bool kFirst>
[[KVM_AVX2, gnu::always_inline]] inline Vector scaled(Vector sum) noexcept {
  if (kFirst) return _mm256_slli_epi16(sum, kExtra);
  return _mm256_srai_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(1 << (kExtra - 1))), kExtra);
}

// Transforms the columns.
template <bool kFirst>
[[KVM_AVX2, gnu::always_inline]] inline void transform(Rows& d) noexcept {
  constexpr int kShift = kFirst ? kFraction - kExtra : kFraction + kExtra;
  const Vector sum0 = _mm256_add_epi16(d[0], d[7]), difference0 = _mm256_sub_epi16(d[0], d[7]);
  const Vector sum1 = _mm256_add_epi16(d[1], d[6]), difference1 = _mm256_sub_epi16(d[1], d[6]);
  const Vector sum2 = _mm256_add_epi16(d[2], d[5]), difference2 = _mm256_sub_epi16(d[2], d[5]);
  const Vector sum3 = _mm256_add_epi16(d[3], d[4]), difference3 = _mm256_sub_epi16(d[3], d[4]);

  const Vector outer = _mm256_add_epi16(sum0, sum3), outer_d = _mm256_sub_epi16(sum0, sum3);
  const Vector inner = _mm256_add_epi16(sum1, sum2), inner_d = _mm256_sub_epi16(sum1, sum2);
  d[0] = scaled<kFirst>(_mm256_add_epi16(outer, inner));
  d[4] = scaled<kFirst>(_mm256_sub_epi16(outer, inner));
  d[2] = rounded<kShift>(weighted(outer_d, k0_541 + k0_765, inner_d, k0_541));
  d[6] = rounded<kShift>(weighted(outer_d, k0_541, inner_d, k0_541 - k1_847));

  const Vector z3 = _mm256_add_epi16(difference3, difference1);
  const Vector z4 = _mm256_add_epi16(difference2, difference0);
  const Sums a = weighted(z3, k1_175 - k1_961, z4, k1_175);
  const Sums b = weighted(z3, k1_175, z4, k1_175 - k0_390);
  d[7] = rounded<kShift>(weighted(difference3, k0_298 - k0_899, difference0, -k0_899) + a);
  d[1] = rounded<kShift>(weighted(difference3, -k0_899, difference0, k1_501 - k0_899) + b);
  d[5] = rounded<kShift>(weighted(difference2, k2_053 - k2_562, difference1, -k2_562) + b);
  d[3] = rounded<kShift>(weighted(difference2, -k2_562, difference1, k3_072 - k2_562) + a);
}

// ---- quantisation ----

// Divides by multiplying. The transform leaves coefficients eight times too large: |x| < 2^14, and
// the divisor d is 8 to 2040. With 2^s <= d,
//     (|x| + d / 2) / d = (|x| + d / 2) * ceil(2^(16 + s) / d) >> 16 >> s.
struct Divisors {
  alignas(32) std::uint16_t half[8][16], reciprocal[8][16], shift[8][16];

  void set(std::size_t side, std::size_t place, unsigned step) noexcept {
    const std::size_t row = place / 8, column = 8 * side + place % 8;
    const unsigned divisor = 8 * step;
    // For a power of two, s is one less than it could be, so that the reciprocal fits in 16 bits.
    const int s = std::bit_width(divisor - 1) - 1;
    half[row][column] = static_cast<std::uint16_t>(divisor / 2);
    reciprocal[row][column] =
        static_cast<std::uint16_t>(((1u << (16 + s)) + divisor - 1) / divisor);
    shift[row][column] = static_cast<std::uint16_t>(1u << (16 - s));
  }
};

[[KVM_AVX2, gnu::always_inline]] inline Vector load(const void* from) noexcept {
  return _mm256_load_si256(static_cast<const Vector*>(from));
}

[[KVM_AVX2, gnu::always_inline]] inline void quantise(Rows& rows, const Divisors& by) noexcept {
  for (int i = 0; i < 8; ++i) {
    const Vector size = _mm256_add_epi16(_mm256_abs_epi16(rows[i]), load(by.half[i]));
    rows[i] = _mm256_sign_epi16(
        _mm256_mulhi_epu16(_mm256_mulhi_epu16(size, load(by.reciprocal[i])), load(by.shift[i])),
        rows[i]);
  }
}

// ---- nonzero coefficients ----

// kFromRows[part][i] is the shuffle that fills places 16 * part to 16 * part + 15 of the zigzag
// order with the coefficients of rows 2 * i and 2 * i + 1. 0x80: the coefficient is in other rows.
constexpr auto kFromRows = [] {
  std::array<std::array<std::array<std::uint8_t, 16>, 4>, 4> from{};
  for (std::size_t i = 0; i < 64; ++i)
    for (std::size_t rows = 0; rows < 4; ++rows)
      from[i / 16][rows][i % 16] =
          static_cast<std::uint8_t>(kZigzag[i] / 16 == rows ? kZigzag[i] % 16 : 0x80);
  return from;
}();

// Returns one mask for the left block and one for the right. Bit i is set if coefficient i, in
// zigzag order, is not zero.
[[KVM_AVX2, gnu::always_inline]] inline std::array<std::uint64_t, 2> find_nonzero(
    const Rows& rows) noexcept {
  Vector bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = _mm256_packs_epi16(rows[2 * i], rows[2 * i + 1]);
  std::array<std::uint64_t, 2> found{};
  for (std::size_t part = 0; part < 4; ++part) {
    Vector zigzag = _mm256_setzero_si256();
    for (std::size_t i = 0; i < 4; ++i) {
      const auto* places = reinterpret_cast<const __m128i*>(kFromRows[part][i].data());
      zigzag = _mm256_or_si256(
          zigzag,
          _mm256_shuffle_epi8(bytes[i], _mm256_broadcastsi128_si256(_mm_loadu_si128(places))));
    }
    const auto bits = ~static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(zigzag, _mm256_setzero_si256())));
    found[0] |= std::uint64_t{bits & 0xffff} << 16 * part;
    found[1] |= std::uint64_t{bits >> 16} << 16 * part;
  }
  return found;
}

// ---- from samples to coefficients ----

// The coefficients of two blocks. Each row is the left block's row, then the right block's.
struct alignas(32) Coefficients {
  std::int16_t rows[8][16];
};

struct Samples {
  const std::uint8_t* first;
  std::size_t stride;  // bytes

  [[KVM_AVX2, gnu::always_inline]] __m128i row(std::size_t y) const noexcept {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(first + y * stride));
  }
};

// Transforms and quantises two blocks, stores the coefficients in `to` and returns find_nonzero().
[[KVM_AVX2, gnu::always_inline]] inline std::array<std::uint64_t, 2> quantised(
    const Samples& left, const Samples& right, const Divisors& by, Coefficients& to) noexcept {
  Rows rows;
  for (std::size_t y = 0; y < 8; ++y) {
    const __m128i both = _mm_unpacklo_epi64(left.row(y), right.row(y));
    rows[y] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(both), _mm256_set1_epi16(128));
  }
  transpose(rows);
  transform<true>(rows);
  transpose(rows);
  transform<false>(rows);
  quantise(rows, by);
  for (std::size_t y = 0; y < 8; ++y)
    _mm256_store_si256(reinterpret_cast<Vector*>(to.rows[y]), rows[y]);
  return find_nonzero(rows);
}

}  // namespace kvm::avx2
