// Encodes pictures of any format, size, stride and colour encoding. Their memory ends with their
// last byte.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "jpeg/marker_walker.h"
#include "picture/tile_encoder.h"

using namespace kvm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  const auto formats = pixel_formats();
  const PixelFormat& format = formats[data[0] % formats.size()];
  const int width = 1 + data[1] % 200, height = 1 + data[2] % 50;
  const std::size_t stride = plane_stride(format, 0, width, 0) + data[3] % 16u;
  std::vector<std::uint8_t> pixels(image_bytes(format, width, height, stride));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = data[i % size];

  EncoderOptions options;
  options.subsampling = static_cast<Subsampling>(data[4] % 3);
  options.noise = data[4] / 3 % 4;
  options.quality = 1 + data[5] % 100;
  options.threads = 1;
  TileEncoder encoder(options);
  Image image = image_over(format, width, height, stride, pixels.data());
  image.limited_range = data[6] & 1;
  image.encoding = data[6] & 2 ? ColorEncoding::k709 : ColorEncoding::k601;
  for (int i = 0; i < 2; ++i) {
    const Bytes jpeg = encoder.encode(image, "");
    JpegInfo info;
    if (walk_jpeg(jpeg, info) != JpegWalk::kDone || info.size != jpeg.size() ||
        info.width != width || info.height != height || encoder.unchanged() != (i == 1))
      std::abort();
    if (i == 1) break;
    encoder.encode(image, "");
    if (!encoder.unchanged()) std::abort();
    // Change one byte. The format and the allowed noise decide whether the encoder notices.
    pixels[data[7] % pixels.size()] ^= 0x80;
    encoder.encode(image, "");
  }
  return 0;
}
