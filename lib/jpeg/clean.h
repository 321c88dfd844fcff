// Motion-JPEG as devices make it, made whole: trimmed at the true end, with its Huffman tables.
#pragma once

#include <cstdint>
#include <string_view>

#include "jpeg/frame_facts.h"

namespace kvm {

// Why a captured buffer holds no picture to pass on.
enum class JpegFault : std::uint8_t {
  kNone,
  kEmpty,      // no bytes
  kNotJpeg,    // no start of an image
  kTruncated,  // no end, or another image begins before it
  kCorrupt,    // segments that do not fit together
};

// Of the frames of clean_jpeg(): which part the comment is.
inline constexpr std::size_t kComPart = 1;

// "none", "empty", "not-jpeg", "truncated", "corrupt": for counters.
const char* name_of(JpegFault fault) noexcept;

// The first image in `captured`, with `com` (a COM segment) right after its SOI and in the place of
// one that we wrote before. Bytes before SOI and after EOI are left out, and Huffman tables that
// Motion-JPEG takes for granted are put in. Nothing is copied: `frame` lies in `captured` and
// `com`: SOI, `com`, the segments before the scan, the tables put in, the scan. It is as it was
// where a fault is returned.
JpegFault clean_jpeg(Bytes captured, std::string_view com, FrameParts& frame);

// Of two frames that clean_jpeg() made of one device's images: they differ in `com` at the most.
bool same_picture(const FrameParts& a, const FrameParts& b) noexcept;

// The DHT segment, marker included, of the tables that Motion-JPEG takes for granted (ITU-T T.81
// annex K.3).
Bytes huffman_tables() noexcept;

}  // namespace kvm
