// The quality that an image was made with, as the world counts it: libjpeg's 1–100.
#pragma once

#include "base/io.h"

namespace kvm {

// The one whose luminance table is nearest to the image's first; 0 where it has none of 8 bits. An
// encoder with tables of its own gets the number that looks most like it.
int jpeg_quality(Bytes image) noexcept;

}  // namespace kvm
