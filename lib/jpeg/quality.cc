#include "jpeg/quality.h"

#include <algorithm>
#include <cstdlib>

namespace kvm {

namespace {

// T.81 table K.1, in zigzag order.
constexpr int kLuminance[64] = {16,  11, 12, 14,  12,  10,  16,  14,  13, 14,  18,  17,  16,
                                19,  24, 40, 26,  24,  22,  22,  24,  49, 35,  37,  29,  40,
                                58,  51, 61, 60,  57,  51,  56,  55,  64, 72,  92,  78,  64,
                                68,  87, 69, 55,  56,  80,  109, 81,  87, 95,  98,  103, 104,
                                103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99};

// A table's entry as libjpeg scales it to a quality (jpeg_quality_scaling, jpeg_add_quant_table).
int scaled(int entry, int quality) {
  const int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return std::clamp((entry * percent + 50) / 100, 1, 255);
}

// The 64 entries of the first quantisation table; empty: it is missing or has 16-bit entries.
Bytes first_table(Bytes image) {
  for (std::size_t at = 2; at + 4 <= image.size() && image[at] == 0xff && image[at + 1] != 0xda;) {
    const auto length = static_cast<std::size_t>(image[at + 2] << 8 | image[at + 3]);
    if (image[at + 1] == 0xdb && length >= 67 && at + 69 <= image.size())
      return image[at + 4] >> 4 == 0 ? image.subspan(at + 5, 64) : Bytes{};
    at += 2 + length;
  }
  return {};
}

}  // namespace

int jpeg_quality(Bytes image) noexcept {
  const Bytes table = first_table(image);
  if (table.empty()) return 0;
  int best = 0, least = 0;
  for (int quality = 1; quality <= 100; ++quality) {
    int difference = 0;
    for (std::size_t i = 0; i < 64; ++i)
      difference += std::abs(table[i] - scaled(kLuminance[i], quality));
    if (best == 0 || difference < least) {
      best = quality;
      least = difference;
    }
  }
  return best;
}

}  // namespace kvm
