// Motion-JPEG as devices make it, made whole: trimmed at the true end, with its Huffman tables.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/io.h"

namespace kvm {

// Why a captured buffer holds no picture to pass on.
enum class JpegFault : std::uint8_t {
  kNone,
  kEmpty,      // no bytes
  kNotJpeg,    // no start of an image
  kTruncated,  // no end, or another image begins before it
  kCorrupt,    // segments that do not fit together
};

// "none", "empty", "not-jpeg", "truncated", "corrupt": for counters.
const char* name_of(JpegFault fault) noexcept;

// Fills `out` with the first image in `captured`, `com` (a COM segment) right after its SOI and in
// the place of one that we wrote before. Bytes before SOI and after EOI are left out, and Huffman
// tables that Motion-JPEG takes for granted are put in. `out` is as it was where a fault is
// returned.
JpegFault clean_jpeg(Bytes captured, std::string_view com, std::vector<std::uint8_t>& out);

// The DHT segment, marker included, of the tables that Motion-JPEG takes for granted (ITU-T T.81
// annex K.3).
Bytes huffman_tables() noexcept;

}  // namespace kvm
