// Finds the end of a picture that lacks its EOI.
#pragma once

#include <cstddef>
#include <optional>

#include "base/io.h"
#include "jpeg/marker_walker.h"

namespace kvm {

// The number of bytes of `coded` that hold the coded data of all MCUs. `head`: the image from SOI
// to its only SOS segment, with Huffman tables; `info`: what walk_jpeg() found in it. nullopt: the
// data is cut short or damaged, or the image is not baseline. Reads all codes, so it takes about as
// long as decoding the image.
std::optional<std::size_t> coded_size(Bytes head, const JpegInfo& info, Bytes coded);

}  // namespace kvm
