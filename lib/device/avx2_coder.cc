#include "device/avx2_coder.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "format/huffman.h"
#include "format/jpeg.h"

#define AVX2 [[gnu::target("avx2,bmi,bmi2,lzcnt")]]
#define AVX2_INLINE [[gnu::target("avx2,bmi,bmi2,lzcnt"), gnu::always_inline]] inline

namespace kvm {

namespace {

// T.81 figure 5: the place, row by row, of each coefficient in zigzag order.
constexpr std::array<std::uint8_t, 64> kZigzag = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// ---- the transform ----
//
// libjpeg's "islow" (Loeffler, Ligtenberg, Moschytz: ICASSP 1989), of two blocks side by side: a
// vector holds a row of eight 16-bit values of one, then of the other. All that instructions do
// here stays within the halves.

using Vector = __m256i;
using Rows = Vector[8];

AVX2_INLINE void transpose(Rows& r) noexcept {
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

// Sixteen sums in 32 bits: of the first eight values' halves, and of the last.
struct Sums {
  Vector low, high;
};

AVX2_INLINE Sums operator+(const Sums& a, const Sums& b) noexcept {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}

// a * p + b * q
AVX2_INLINE Sums weighted(Vector a, int p, Vector b, int q) noexcept {
  const Vector factors = _mm256_set1_epi32(q << 16 | (p & 0xffff));
  return {_mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), factors),
          _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), factors)};
}

template <int kBits>
AVX2_INLINE Vector rounded(const Sums& sums) noexcept {
  const Vector half = _mm256_set1_epi32(1 << (kBits - 1));
  return _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(sums.low, half), kBits),
                            _mm256_srai_epi32(_mm256_add_epi32(sums.high, half), kBits));
}

// The factors, in 13 bits of fraction; the first pass leaves two bits more than it was given.
constexpr int kFraction = 13, kExtra = 2;
constexpr int k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373,
              k1_175 = 9633, k1_501 = 12299, k1_847 = 15137, k1_961 = 16069, k2_053 = 16819,
              k2_562 = 20995, k3_072 = 25172;

template <bool kFirst>
AVX2_INLINE Vector scaled(Vector sum) noexcept {
  if (kFirst) return _mm256_slli_epi16(sum, kExtra);
  return _mm256_srai_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(1 << (kExtra - 1))), kExtra);
}

// One dimension, down the columns.
template <bool kFirst>
AVX2_INLINE void transform(Rows& d) noexcept {
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

// Division by multiplication. A coefficient, eight times too large, is |x| < 2^14, its divisor d
// from 8 to 2040: with 2^s <= d, (|x| + d / 2) / d is (|x| + d / 2) * ceil(2^(16 + s) / d) >> 16 >>
// s.
struct Divisors {
  alignas(32) std::uint16_t half[8][16], reciprocal[8][16], shift[8][16];

  void set(std::size_t side, std::size_t place, unsigned step) noexcept {
    const std::size_t row = place / 8, column = 8 * side + place % 8;
    const unsigned divisor = 8 * step;
    // One less for a power of two, whose reciprocal would have 17 bits.
    const int s = std::bit_width(divisor - 1) - 1;
    half[row][column] = static_cast<std::uint16_t>(divisor / 2);
    reciprocal[row][column] =
        static_cast<std::uint16_t>(((1u << (16 + s)) + divisor - 1) / divisor);
    shift[row][column] = static_cast<std::uint16_t>(1u << (16 - s));
  }
};

AVX2_INLINE Vector load(const void* from) noexcept {
  return _mm256_load_si256(static_cast<const Vector*>(from));
}

AVX2_INLINE void quantise(Rows& rows, const Divisors& by) noexcept {
  for (int i = 0; i < 8; ++i) {
    const Vector size = _mm256_add_epi16(_mm256_abs_epi16(rows[i]), load(by.half[i]));
    rows[i] = _mm256_sign_epi16(
        _mm256_mulhi_epu16(_mm256_mulhi_epu16(size, load(by.reciprocal[i])), load(by.shift[i])),
        rows[i]);
  }
}

// ---- which coefficients there are ----

// Where each 16 bytes of the zigzag order are in each two rows; 0x80: not there.
constexpr auto kFromRows = [] {
  std::array<std::array<std::array<std::uint8_t, 16>, 4>, 4> from{};
  for (std::size_t i = 0; i < 64; ++i)
    for (std::size_t rows = 0; rows < 4; ++rows)
      from[i / 16][rows][i % 16] =
          static_cast<std::uint8_t>(kZigzag[i] / 16 == rows ? kZigzag[i] % 16 : 0x80);
  return from;
}();

// Bit i: coefficient i in zigzag order is not zero; of the block to the left and to the right.
AVX2_INLINE std::array<std::uint64_t, 2> find_nonzero(const Rows& rows) noexcept {
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

// ---- codes ----

// What is written for a coefficient: its Huffman code and behind it the value's bits.
struct Token {
  std::uint32_t bits = 0, length = 0;
};

// T.81 F.1.2: a code tells the zeros before a value and how many bits that has, which are those of
// the value, or of the value less one where it is negative.
struct Tokens {
  std::array<Token, 16 * 16> sizes;  // run << 4 | bits of the value: with room for these
  // Most values are small: whole tokens, run << 5 | 16 + value.
  static constexpr int kSmall = 16;
  std::array<Token, 16 * 2 * kSmall> small;
  Token end_of_block, sixteen_zeros;

  explicit Tokens(const HuffmanCodes& codes) {
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      const HuffmanCodes::Code code = codes.encode(static_cast<std::uint8_t>(i));
      sizes[i] = {std::uint32_t{code.bits} << (i & 15), code.length + (i & 15)};
    }
    for (std::uint32_t i = 0; i < small.size(); ++i)
      small[i] = large(i >> 5, static_cast<int>(i & 31) - kSmall);
    end_of_block = sizes[0x00];
    sixteen_zeros = sizes[0xf0];
  }
  Token large(std::uint32_t run, int value) const noexcept {
    const auto size =
        static_cast<unsigned>(std::bit_width(static_cast<unsigned>(value < 0 ? -value : value)));
    const Token& token = sizes[run << 4 | size];
    const auto low = static_cast<unsigned>(value < 0 ? value - 1 : value) & ((1u << size) - 1);
    return {token.bits | low, token.length};
  }
  // Is called for each coefficient.
  AVX2_INLINE Token of(std::uint32_t run, int value) const noexcept {
    const auto index = static_cast<unsigned>(value + kSmall);
    if (index < 2 * kSmall) [[likely]]
      return small[run << 5 | index];
    return large(run, value);
  }
};

// Zeros after 0xff are for later: stuff(). All whole bytes are written at once and some that are
// not whole yet: to decide whether there are enough would cost more, for no processor can guess it.
struct Bits {
  std::uint8_t* to;
  std::uint64_t held = 0;  // from the top
  unsigned count = 0;      // of held, less than 8

  AVX2_INLINE void put(const Token& token) noexcept {
    count += token.length;
    held |= std::uint64_t{token.bits} << (64 - count);
    const std::uint64_t bytes = __builtin_bswap64(held);
    std::memcpy(to, &bytes, 8);
    to += count / 8;
    held <<= count & ~7u;
    count &= 7;
  }
  AVX2_INLINE std::uint8_t* finish() noexcept {
    put({0x7f, 7});  // F.1.2.3
    return to;
  }
};

// Where a coefficient is in two blocks side by side.
constexpr auto kPlace = [] {
  std::array<std::uint8_t, 64> place{};
  for (std::size_t i = 0; i < 64; ++i)
    place[i] = static_cast<std::uint8_t>(kZigzag[i] / 8 * 16 + kZigzag[i] % 8);
  return place;
}();

// `block`: its rows are 16 values apart.
AVX2_INLINE void write_block(Bits& to, const std::int16_t* block, std::uint64_t nonzero,
                             const Tokens& dc, const Tokens& ac, int& last) noexcept {
  to.put(dc.of(0, block[0] - last));
  last = block[0];
  nonzero >>= 1;
  const std::uint8_t* place = &kPlace[1];
  while (nonzero) {
    auto run = static_cast<unsigned>(_tzcnt_u64(nonzero));
    nonzero = nonzero >> run >> 1;
    place += run;
    for (; run > 15; run -= 16) to.put(ac.sixteen_zeros);
    to.put(ac.of(run, block[*place++]));
  }
  if (place != kPlace.data() + kPlace.size()) to.put(ac.end_of_block);
}

// A zero behind every 0xff (F.1.2.3).
AVX2 std::uint8_t* stuff(const std::uint8_t* from, const std::uint8_t* end,
                         std::uint8_t* to) noexcept {
  const Vector ff = _mm256_set1_epi8(-1);
  while (from < end) {
    const Vector bytes = _mm256_loadu_si256(reinterpret_cast<const Vector*>(from));
    _mm256_storeu_si256(reinterpret_cast<Vector*>(to), bytes);
    const auto found =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, ff)));
    const std::ptrdiff_t left = std::min<std::ptrdiff_t>(32, end - from);
    const std::ptrdiff_t plain = std::min<std::ptrdiff_t>(left, _tzcnt_u32(found));
    from += plain;
    to += plain;
    if (plain == left) continue;
    ++from;
    to[1] = 0;
    to += 2;
  }
  return to;
}

// A block's longest code: 64 times 16 bits of Huffman code and 11 of value.
constexpr std::size_t kLargestBlock = 64 * 27 / 8;
constexpr std::size_t kSpare = 32;  // that vectors may read or write behind the end

}  // namespace

struct Avx2Coder::State {
  struct Component {
    int width = 0, height = 0;  // of an MCU, in blocks
    Tokens dc, ac;
    int last = 0;  // DC value of the block before
  };
  struct Side {
    std::size_t component;
    int x, y;  // in blocks, within the MCU
  };
  // Two blocks go through the transform at once; an odd last one twice.
  struct Pair {
    Side sides[2];
    int count;
    Divisors divisors;
  };

  int mcus = 0;
  std::vector<Component> components;
  std::vector<Pair> pairs;  // of an MCU, in the order of their codes
  std::vector<std::uint8_t> bare, out[2];
  int turn = 0;

  State(Bytes header, const JpegInfo& info, int mcus);
  Bytes encode(const Planes& planes) noexcept;
};

Avx2Coder::State::State(Bytes header, const JpegInfo& info, int mcus_wide) : mcus(mcus_wide) {
  std::array<Bytes, 4> steps;                        // quantisation tables, in zigzag order
  std::array<std::optional<HuffmanCodes>, 8> codes;  // DC 0–3, AC 0–3
  Bytes frame, scan;
  for (const JpegSegment& segment : segments_of(header, info)) {
    if (segment.marker == kSof0) frame = segment.body;
    if (segment.marker == kSos) scan = segment.body;
    for (Bytes rest = segment.body; segment.marker == kDqt && !rest.empty();
         rest = rest.subspan(65))
      steps[rest[0] & 3] = rest.subspan(1, 64);
    for (Bytes rest = segment.body; segment.marker == kDht && !rest.empty();) {
      std::size_t size = 17;
      for (std::size_t i = 1; i <= 16; ++i) size += rest[i];
      codes[(rest[0] >> 4 & 1) * 4 + (rest[0] & 3)] = HuffmanCodes::of(rest.subspan(1, size - 1));
      rest = rest.subspan(size);
    }
  }

  std::vector<Side> blocks;
  std::vector<Bytes> steps_of;
  for (std::size_t i = 0; i < frame[5]; ++i) {
    const std::uint8_t* about = &frame[6 + 3 * i];
    const std::uint8_t tables = scan[2 + 2 * i];
    components.push_back({about[1] >> 4, about[1] & 15, Tokens(*codes[tables >> 4]),
                          Tokens(*codes[4 + (tables & 15)])});
    if (frame[5] == 1) components[0].width = components[0].height = 1;  // A.2.2
    steps_of.push_back(steps[about[2]]);
    for (int y = 0; y < components[i].height; ++y)
      for (int x = 0; x < components[i].width; ++x) blocks.push_back({i, x, y});
  }
  for (std::size_t i = 0; i < blocks.size(); i += 2) {
    const bool both = i + 1 < blocks.size();
    Pair& pair = pairs.emplace_back(Pair{{blocks[i], blocks[both ? i + 1 : i]}, both ? 2 : 1, {}});
    for (std::size_t side = 0; side < 2; ++side)
      for (std::size_t k = 0; k < 64; ++k)
        pair.divisors.set(side, kZigzag[k], steps_of[pair.sides[side].component][k]);
  }
  const std::size_t most = kLargestBlock * blocks.size() * static_cast<std::size_t>(mcus) + kSpare;
  bare.resize(most);
  for (auto& bytes : out) bytes.resize(2 * most);
}

AVX2 Bytes Avx2Coder::State::encode(const Planes& planes) noexcept {
  struct Plane {
    const std::uint8_t* first;
    std::size_t stride;
  };
  const Plane of[] = {{planes.y, planes.y_stride},
                      {planes.cb, planes.chroma_stride},
                      {planes.cr, planes.chroma_stride}};
  alignas(32) std::int16_t coefficients[8][16];
  for (Component& component : components) component.last = 0;
  Bits bits{bare.data()};
  for (int mcu = 0; mcu < mcus; ++mcu) {
    for (const Pair& pair : pairs) {
      const std::uint8_t* from[2];
      std::size_t stride[2];
      for (std::size_t i = 0; i < 2; ++i) {
        const Side& side = pair.sides[i];
        stride[i] = of[side.component].stride;
        from[i] = of[side.component].first + 8 * static_cast<std::size_t>(side.y) * stride[i] +
                  8 * static_cast<std::size_t>(mcu * components[side.component].width + side.x);
      }
      Rows rows;
      for (std::size_t y = 0; y < 8; ++y) {
        const __m128i left =
            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from[0] + y * stride[0]));
        const __m128i right =
            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from[1] + y * stride[1]));
        rows[y] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_unpacklo_epi64(left, right)),
                                   _mm256_set1_epi16(128));
      }
      transpose(rows);
      transform<true>(rows);
      transpose(rows);
      transform<false>(rows);
      quantise(rows, pair.divisors);
      for (std::size_t y = 0; y < 8; ++y)
        _mm256_store_si256(reinterpret_cast<Vector*>(coefficients[y]), rows[y]);
      const auto nonzero = find_nonzero(rows);
      for (std::size_t i = 0; i < static_cast<std::size_t>(pair.count); ++i) {
        Component& component = components[pair.sides[i].component];
        write_block(bits, &coefficients[0][8 * i], nonzero[i], component.dc, component.ac,
                    component.last);
      }
    }
  }
  turn ^= 1;
  std::uint8_t* to = out[turn].data();
  return {to, stuff(bare.data(), bits.finish(), to)};
}

std::unique_ptr<Avx2Coder> Avx2Coder::make(Bytes header, int mcus) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return nullptr;
  JpegInfo info;
  walk_jpeg(header, info);
  return std::unique_ptr<Avx2Coder>(new Avx2Coder(std::make_unique<State>(header, info, mcus)));
}

Bytes Avx2Coder::encode(const Planes& planes) noexcept {
  return state_->encode(planes);
}

}  // namespace kvm

#else

namespace kvm {

struct Avx2Coder::State {};

std::unique_ptr<Avx2Coder> Avx2Coder::make(Bytes, int) {
  return nullptr;
}

Bytes Avx2Coder::encode(const Planes&) noexcept {
  return {};
}

}  // namespace kvm

#endif

namespace kvm {

Avx2Coder::Avx2Coder(std::unique_ptr<State> state) : state_(std::move(state)) {}

Avx2Coder::~Avx2Coder() = default;

}  // namespace kvm
