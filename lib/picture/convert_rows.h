// The inner loops of colour conversion, one row each: plain C++ that compilers vectorise. Rows that
// are written do not overlap those that are read. Compiled with -O3 (Makefile).
#pragma once

#include <array>
#include <cstdint>

namespace kvm {

using Sample = std::uint8_t;

// Samples side by side into rows of their own; `n` of each.
void split2(const Sample* from, int n, Sample* a, Sample* b);
void split3(const Sample* from, int n, Sample* a, Sample* b, Sample* c);
// Four bytes a pixel, R, G and B at the offsets `at`.
void split4(const Sample* from, int n, const std::array<std::uint8_t, 3>& at, Sample* r, Sample* g,
            Sample* b);
void split_rgb565(const Sample* from, int n, Sample* r, Sample* g, Sample* b);
// YUYV (luma first) or UYVY: `width` pixels; the chroma that comes first goes to `first`.
void split_422(const Sample* from, int width, bool luma_first, Sample* y, Sample* first,
               Sample* second);

// JFIF 1.02: full-range BT.601, with libjpeg's constants and rounding (jccolor.c).
void rgb_to_ycc(const Sample* r, const Sample* g, const Sample* b, int n, Sample* y, Sample* cb,
                Sample* cr);

// Limited to full range, in place: luma (or RGB) 16–235 and chroma 16–240 to 0–255.
void expand_luma(Sample* row, int n);
void expand_chroma(Sample* row, int n);

// BT.709 to full-range BT.601, in place. `repeat`: pixels that share a chroma sample, 1 or 2.
void luma_from_709(Sample* y, const Sample* cb, const Sample* cr, int n, int repeat, bool limited);
void chroma_from_709(Sample* cb, Sample* cr, int n, bool limited);

// Chroma of another resolution; `n` samples are made, and up to 15 bytes after them are written.
// Halves are rounded down in even columns and up in odd ones, as libjpeg's jcsample.c does.
void average2x1(const Sample* from, int n, Sample* to);
void average1x2(const Sample* above, const Sample* below, int n, Sample* to);
void average2x2(const Sample* above, const Sample* below, int n, Sample* to);
void repeat2x1(const Sample* from, int n, Sample* to);

// The largest difference between two rows of `n` samples; of `n` pixels, in units of 8 bits.
int most_difference(const Sample* a, const Sample* b, int n);
int most_difference_rgb565(const Sample* a, const Sample* b, int n);

}  // namespace kvm
