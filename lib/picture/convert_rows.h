// The inner loops of colour conversion. Each works on one row, in plain C++ that compilers
// vectorise. Output rows may not overlap input rows. The Makefile compiles this file with -O3.
#pragma once

#include <array>
#include <cstdint>

namespace kvm {

using Sample = std::uint8_t;

// Separate interleaved samples into rows of `n` samples each.
void split2(const Sample* from, int n, Sample* a, Sample* b);
void split3(const Sample* from, int n, Sample* a, Sample* b, Sample* c);
// A pixel has four bytes, with R, G and B at the offsets `at`.
void split4(const Sample* from, int n, const std::array<std::uint8_t, 3>& at, Sample* r, Sample* g,
            Sample* b);
void split_rgb565(const Sample* from, int n, Sample* r, Sample* g, Sample* b);
// Separates `width` pixels of YUYV (luma first) or UYVY. The chroma sample that comes first in
// memory goes to `first`.
void split_422(const Sample* from, int width, bool luma_first, Sample* y, Sample* first,
               Sample* second);

// JFIF 1.02: full-range BT.601, with libjpeg's constants and rounding (jccolor.c).
void rgb_to_ycc(const Sample* r, const Sample* g, const Sample* b, int n, Sample* y, Sample* cb,
                Sample* cr);

// Expand limited to full range in place: luma (or RGB) from 16–235 and chroma from 16–240 to 0–255.
void expand_luma(Sample* row, int n);
void expand_chroma(Sample* row, int n);

// Convert BT.709 to full-range BT.601 in place. `repeat` pixels, 1 or 2, share a chroma sample.
void luma_from_709(Sample* y, const Sample* cb, const Sample* cr, int n, int repeat, bool limited);
void chroma_from_709(Sample* cb, Sample* cr, int n, bool limited);

// Change the resolution of chroma. They make `n` samples, and may overwrite up to 15 bytes after
// them. They round halves down in even columns and up in odd columns, as libjpeg's jcsample.c does.
void average2x1(const Sample* from, int n, Sample* to);
void average1x2(const Sample* above, const Sample* below, int n, Sample* to);
void average2x2(const Sample* above, const Sample* below, int n, Sample* to);
void repeat2x1(const Sample* from, int n, Sample* to);

// Return the largest difference between two rows: of `n` samples, or of `n` RGB565 pixels, whose
// samples are expanded to 8 bits first.
int most_difference(const Sample* a, const Sample* b, int n);
int most_difference_rgb565(const Sample* a, const Sample* b, int n);

}  // namespace kvm
