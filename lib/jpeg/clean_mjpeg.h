// Turns Motion-JPEG from capture devices into complete JPEG images: trimmed after EOI, with Huffman
// tables.
#pragma once

#include <cstdint>
#include <string_view>

#include "jpeg/frame_facts.h"
#include "jpeg/marker_walker.h"

namespace kvm {

// The index of the comment among the parts that clean_jpeg() makes.
inline constexpr std::size_t kComPart = 1;

// Makes `frame` the first image in `captured`, with `com` (a COM segment) right after its SOI.
// `com` replaces an earlier kvmpi comment. Bytes before SOI and after EOI are left out; if the
// image has no Huffman tables, the standard tables are added. The parts are: SOI, `com`, segments
// before the scan, added tables, scan. Nothing is copied: the parts point into `captured`, `com`
// and static storage. On a fault `frame` stays unchanged.
JpegFault clean_jpeg(Bytes captured, std::string_view com, FrameParts& frame);

// Whether two frames, made by clean_jpeg() from images of one device, differ at most in `com`.
bool same_picture(const FrameParts& a, const FrameParts& b) noexcept;

// The DHT segment, marker included, with the standard tables of ITU-T T.81 annex K.3. Motion-JPEG
// leaves these tables out.
Bytes huffman_tables() noexcept;

}  // namespace kvm
