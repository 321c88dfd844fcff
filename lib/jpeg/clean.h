// Turns Motion-JPEG, as capture devices make it, into whole JPEG images: trimmed at the true end,
// with Huffman tables.
#pragma once

#include <cstdint>
#include <string_view>

#include "jpeg/frame_facts.h"
#include "jpeg/walker.h"

namespace kvm {

// The index of the comment among the parts that clean_jpeg() makes.
inline constexpr std::size_t kComPart = 1;

// Makes `frame` the first image in `captured`, with `com` (a COM segment) right after its SOI.
// `com` replaces an earlier comment of ours. Bytes before SOI and after EOI are left out; if the
// image has no Huffman tables, the standard ones are put in. Nothing is copied: the parts point
// into `captured`, `com` and static storage, in this order: SOI, `com`, the segments before the
// scan, the tables put in, the scan. On a fault `frame` stays unchanged.
JpegFault clean_jpeg(Bytes captured, std::string_view com, FrameParts& frame);

// Whether two frames, made by clean_jpeg() from images of one device, differ at most in `com`.
bool same_picture(const FrameParts& a, const FrameParts& b) noexcept;

// The DHT segment, marker included, of the standard tables, which Motion-JPEG leaves out (ITU-T
// T.81 annex K.3).
Bytes huffman_tables() noexcept;

}  // namespace kvm
