#include "picture/convert_rows.h"

#include <algorithm>
#include <array>
#include <cstring>

// On x86-64 each function is also built for AVX2, and the loader picks the version. Sanitizers do
// not support this. Other architectures always have the vector instructions that they need.
#if defined(__x86_64__) && !defined(__clang__) && defined(__OPTIMIZE__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTORISED [[gnu::target_clones("avx2", "default")]]
#else
#define VECTORISED
#endif

namespace kvm {

namespace {

using In = const Sample* __restrict;
using Out = Sample* __restrict;

// BT.709 Y'CbCr → R'G'B' → BT.601 Y'CbCr, multiplied out (ITU-R BT.709-6, BT.601-7). The change
// of a sample is the sum of Cb and Cr, each times its factor. The factors are in units of 1/512, so
// that sums fit into 16 bits.
constexpr int kBits = 9, kHalf = 1 << (kBits - 1);
struct From709 {
  std::int16_t y_cb, y_cr, cb_cb, cb_cr, cr_cb, cr_cr;
};
constexpr From709 from_709(double scale) {
  const auto fixed = [](double factor) {
    return static_cast<std::int16_t>(factor * (1 << kBits) + (factor < 0 ? -0.5 : 0.5));
  };
  return {fixed(scale * 0.101579),  fixed(scale * 0.196076),  fixed(scale * 0.989854 - 1),
          fixed(scale * -0.110653), fixed(scale * -0.072453), fixed(scale * 0.983398 - 1)};
}
constexpr From709 kFrom709[] = {from_709(1), from_709(255.0 / 224)};

inline std::int16_t weighted(Sample cb, std::int16_t cb_factor, Sample cr, std::int16_t cr_factor) {
  const auto b = static_cast<std::int16_t>(cb - 128), r = static_cast<std::int16_t>(cr - 128);
  const auto sum = static_cast<std::int16_t>(b * cb_factor + r * cr_factor + kHalf);
  return static_cast<std::int16_t>(sum >> kBits);
}

inline Sample plus(Sample sample, std::int16_t more) {
  const auto sum = static_cast<std::int16_t>(sample + more);
  return static_cast<Sample>(std::clamp<std::int16_t>(sum, 0, 255));
}

constexpr int kChunk = 64;  // samples
// 0 in even columns, 1 in odd columns.
constexpr auto kOdd = [] {
  std::array<Sample, kChunk> odd{};
  for (std::size_t i = 1; i < kChunk; i += 2) odd[i] = 1;
  return odd;
}();

}  // namespace

VECTORISED void split2(In from, int n, Out a, Out b) {
  for (int i = 0; i < n; ++i) {
    a[i] = from[2 * i];
    b[i] = from[2 * i + 1];
  }
}

VECTORISED void split3(In from, int n, Out a, Out b, Out c) {
  for (int i = 0; i < n; ++i) {
    a[i] = from[3 * i];
    b[i] = from[3 * i + 1];
    c[i] = from[3 * i + 2];
  }
}

VECTORISED void split4(In from, int n, const std::array<std::uint8_t, 3>& at, Out r, Out g, Out b) {
  // Two steps, because compilers vectorise a split into even and odd, but not a split four ways.
  Sample even[2 * kChunk], odd[2 * kChunk], unused[kChunk];
  for (int x = 0; x < n; x += kChunk) {
    const int count = std::min(kChunk, n - x);
    Sample* to[] = {unused, unused, unused, unused};
    to[at[0]] = r + x;
    to[at[1]] = g + x;
    to[at[2]] = b + x;
    split2(from + 4 * x, 2 * count, even, odd);
    split2(even, count, to[0], to[2]);
    split2(odd, count, to[1], to[3]);
  }
}

VECTORISED void split_rgb565(In from, int n, Out r, Out g, Out b) {
  for (int i = 0; i < n; ++i) {
    const int pixel = from[2 * i] | from[2 * i + 1] << 8;
    const int red = pixel >> 11, green = pixel >> 5 & 63, blue = pixel & 31;
    r[i] = static_cast<Sample>(red << 3 | red >> 2);
    g[i] = static_cast<Sample>(green << 2 | green >> 4);
    b[i] = static_cast<Sample>(blue << 3 | blue >> 2);
  }
}

VECTORISED void split_422(In from, int width, bool luma_first, Out y, Out first, Out second) {
  const In luma = from + (luma_first ? 0 : 1), chroma = from + (luma_first ? 1 : 0);
  const int pairs = width / 2;
  for (int i = 0; i < 2 * pairs; ++i) y[i] = luma[2 * i];
  for (int i = 0; i < pairs; ++i) {
    first[i] = chroma[4 * i];
    second[i] = chroma[4 * i + 2];
  }
  if (width % 2 == 1) {
    y[width - 1] = luma[2 * (width - 1)];
    first[pairs] = chroma[4 * pairs];
    second[pairs] = chroma[4 * pairs + 2];
  }
}

VECTORISED void rgb_to_ycc(In r, In g, In b, int n, Out y, Out cb, Out cr) {
  // The factors fit in 16 bits and the sums in 32. Both are unsigned, because no sum is negative.
  constexpr unsigned kRound = 1u << 15, kCentre = (128u << 16) + kRound - 1;
  for (int i = 0; i < n; ++i) {
    const std::uint16_t red = r[i], green = g[i], blue = b[i];
    y[i] = static_cast<Sample>((19595u * red + 38470u * green + 7471u * blue + kRound) >> 16);
    cb[i] = static_cast<Sample>((kCentre + 32768u * blue - 11059u * red - 21709u * green) >> 16);
    cr[i] = static_cast<Sample>((kCentre + 32768u * red - 27439u * green - 5329u * blue) >> 16);
  }
}

VECTORISED void expand_luma(Sample* row, int n) {
  // 298/256 is about 255/219. The products fit in 16 bits.
  for (int i = 0; i < n; ++i) {
    const auto above = static_cast<std::uint16_t>(std::clamp<Sample>(row[i], 16, 235) - 16);
    row[i] = static_cast<Sample>(static_cast<std::uint16_t>(above * 298 + 128) >> 8);
  }
}

VECTORISED void expand_chroma(Sample* row, int n) {
  // 1 + 283/2048 is about 255/224. The products fit in 16 bits.
  for (int i = 0; i < n; ++i) {
    const auto off = static_cast<std::int16_t>(std::clamp<Sample>(row[i], 16, 240) - 128);
    const auto more = static_cast<std::int16_t>(static_cast<std::int16_t>(off * 283 + 1024) >> 11);
    row[i] = static_cast<Sample>(128 + off + more);
  }
}

VECTORISED void luma_from_709(Out y, In cb, In cr, int n, int repeat, bool limited) {
  if (limited) expand_luma(y, n);
  const From709 k = kFrom709[limited];
  if (repeat == 1) {
    for (int i = 0; i < n; ++i) y[i] = plus(y[i], weighted(cb[i], k.y_cb, cr[i], k.y_cr));
    return;
  }
  for (int i = 0; i < n / 2; ++i) {
    const std::int16_t more = weighted(cb[i], k.y_cb, cr[i], k.y_cr);
    y[2 * i] = plus(y[2 * i], more);
    y[2 * i + 1] = plus(y[2 * i + 1], more);
  }
  if (n % 2 == 1) y[n - 1] = plus(y[n - 1], weighted(cb[n / 2], k.y_cb, cr[n / 2], k.y_cr));
}

VECTORISED void chroma_from_709(Out cb, Out cr, int n, bool limited) {
  const From709 k = kFrom709[limited];
  for (int i = 0; i < n; ++i) {
    const std::int16_t more_b = weighted(cb[i], k.cb_cb, cr[i], k.cb_cr);
    const std::int16_t more_r = weighted(cb[i], k.cr_cb, cr[i], k.cr_cr);
    cb[i] = plus(cb[i], more_b);
    cr[i] = plus(cr[i], more_r);
  }
}

VECTORISED void average2x1(In from, int n, Out to) {
  for (int x = 0; x < n; x += kChunk)
    for (int i = 0; i < std::min(kChunk, n - x); ++i)
      to[x + i] = static_cast<Sample>(
          (from[2 * (x + i)] + from[2 * (x + i) + 1] + kOdd[static_cast<std::size_t>(i)]) >> 1);
}

VECTORISED void average1x2(In above, In below, int n, Out to) {
  for (int x = 0; x < n; x += kChunk)
    for (int i = 0; i < std::min(kChunk, n - x); ++i)
      to[x + i] = static_cast<Sample>(
          (above[x + i] + below[x + i] + kOdd[static_cast<std::size_t>(i)]) >> 1);
}

VECTORISED void average2x2(In above, In below, int n, Out to) {
  for (int x = 0; x < n; x += kChunk)
    for (int i = 0; i < std::min(kChunk, n - x); ++i) {
      const int at = 2 * (x + i);
      to[x + i] = static_cast<Sample>((above[at] + above[at + 1] + below[at] + below[at + 1] + 1 +
                                       kOdd[static_cast<std::size_t>(i)]) >>
                                      2);
    }
}

VECTORISED void repeat2x1(In from, int n, Out to) {
  for (int x = 0; x < n / 2; ++x) to[2 * x] = to[2 * x + 1] = from[x];
  if (n % 2 == 1) to[n - 1] = from[n / 2];
}

VECTORISED int most_difference(In a, In b, int n) {
  Sample most = 0;
  for (int i = 0; i < n; ++i) {
    const Sample difference =
        a[i] > b[i] ? static_cast<Sample>(a[i] - b[i]) : static_cast<Sample>(b[i] - a[i]);
    most = most > difference ? most : difference;
  }
  return most;
}

VECTORISED int most_difference_rgb565(In a, In b, int n) {
  int most = 0;
  for (int i = 0; i < n; ++i) {
    Sample rgb_a[3], rgb_b[3];
    split_rgb565(a + 2 * i, 1, &rgb_a[0], &rgb_a[1], &rgb_a[2]);
    split_rgb565(b + 2 * i, 1, &rgb_b[0], &rgb_b[1], &rgb_b[2]);
    most = std::max(most, most_difference(rgb_a, rgb_b, 3));
  }
  return most;
}

}  // namespace kvm
