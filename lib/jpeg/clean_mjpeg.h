// Turns Motion-JPEG, from a capture device or from a stream, into complete JPEG images that all
// programs show alike.
#pragma once

#include <cstdint>
#include <string_view>

#include "jpeg/frame_facts.h"
#include "jpeg/marker_walker.h"

namespace kvm {

// The index of the comment among the parts that arrange_jpeg() makes.
inline constexpr std::size_t kComPart = 2;
// The index of the scan, from SOS on: the last part that is not added.
inline constexpr std::size_t kScanPart = 7;

// Makes `frame` of `image`, one whole image from SOI on, and of `com` (a COM segment, or empty).
// `info` is what walk_jpeg() found in `image`; if the size is 0, EOI is missing, and the image is
// as long as its coded data. The changes:
// - `com` replaces an earlier kvmpi comment. It follows the first segment if this is an APPn or a
//   DQT, because programs tell JPEG files by this segment (JFIF 1.02: APP0 is right after SOI).
// - If the image has no Huffman tables, the standard tables are added.
// - Exif is left out: a screen is never turned, but browsers obey an orientation in Exif when they
//   show the whole image, and not when they show tiles of it.
// - A missing EOI is added.
// Nothing is copied: the parts point into `image`, `com` and static storage. On a fault `frame`
// stays unchanged.
JpegFault arrange_jpeg(Bytes image, const JpegInfo& info, std::string_view com, FrameParts& frame);

// The same for the first image in `captured`. Leaves out bytes before SOI and after EOI, and images
// without a picture.
JpegFault clean_jpeg(Bytes captured, std::string_view com, FrameParts& frame);

// Whether the parts lie in memory one right after the other.
bool is_contiguous(const FrameParts& frame) noexcept;

// Whether two frames, made by clean_jpeg() from images of one device, differ at most in `com`.
bool same_picture(const FrameParts& a, const FrameParts& b) noexcept;

// The DHT segment, marker included, with the standard tables of ITU-T T.81 annex K.3. Motion-JPEG
// leaves these tables out.
Bytes huffman_tables() noexcept;

}  // namespace kvm
