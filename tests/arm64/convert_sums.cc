// Prints checksums of the converter's output for every format, chroma subsampling and some odd
// widths, each over all colour encodings. They must be the same on every machine.
#include <cstdio>

#include "../unit/test_picture.h"
#include "picture/convert.h"
#include "picture/convert_rows.h"

using namespace kvm;

int main() {
  for (const PixelFormat& format : pixel_formats())
    for (const Subsampling subsampling : {Subsampling::k420, Subsampling::k422, Subsampling::k444})
      for (const int width : {1, 2, 15, 33, 160, 483}) {
        const bool grey = format.layout == PixelLayout::kGrey;
        const int height = grey ? 7 : 8 * chroma_y(subsampling) - 1;
        std::uint64_t sum = 14695981039346656037u;  // FNV-1a
        for (int colours = 0; colours < 4; ++colours) {
          TestPicture picture(format.name, width, height, 2);
          std::minstd_rand random(static_cast<unsigned>(width));
          for (auto& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(random() >> 7);
          Image image = picture.image();
          image.encoding = colours & 1 ? ColorEncoding::k709 : ColorEncoding::k601;
          image.limited_range = colours & 2;
          constexpr std::size_t kStride = 512, kPlane = 17 * kStride;
          std::vector<std::uint8_t> out(3 * kPlane);
          Converter().convert(image, {0, 0, width, height}, subsampling,
                              {out.data(), &out[kPlane], &out[2 * kPlane], kStride, kStride});
          out.push_back(static_cast<std::uint8_t>(
              most_difference(out.data(), &out[kPlane], static_cast<int>(kPlane))));
          for (const std::uint8_t byte : out) sum = (sum ^ byte) * 1099511628211u;
        }
        std::printf("%s %d %d %016llx\n", format.name, static_cast<int>(subsampling), width,
                    static_cast<unsigned long long>(sum));
      }
}
