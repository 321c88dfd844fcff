// The quality that an image was encoded with, on libjpeg's scale of 1–100.
#pragma once

#include "base/io.h"

namespace kvm {

// The quality whose luminance table is nearest to the image's first table. An encoder with tables
// of its own thus gets the most similar number. 0: the image has no such table of 8 bits.
int jpeg_quality(Bytes image) noexcept;

}  // namespace kvm
