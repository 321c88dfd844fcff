// The quality that an image was encoded with, on libjpeg's scale of 1–100.
#pragma once

#include "base/io.h"

namespace kvm {

// The quality whose luminance table is nearest to the image's first quantisation table. If the
// encoder used other tables, this is the most similar quality. 0: the image has no quantisation
// table, or the first has 16-bit entries.
int jpeg_quality(Bytes image) noexcept;

}  // namespace kvm
