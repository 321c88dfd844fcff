// Fuzzes the stream on the server's stdin, bare or multipart. The same images come out however the
// stream is cut into reads; each image is whole, and so is each piece that updates a viewer from
// one image to the next.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "jpeg/frame_facts.h"
#include "jpeg/frame_reader.h"
#include "jpeg/mosaic.h"

using namespace kvm;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void show(Mosaic& mosaic, Bytes image, const JpegInfo& info) {
  const std::uint32_t before = mosaic.id();
  mosaic.show(image, info, before + 1);
  if (!mosaic.head()) return;
  require(mosaic.since(before + 1)->empty());
  const auto pieces = mosaic.since(before);
  if (!pieces) return;
  for (const Mosaic::Piece& piece : *pieces) {
    require(piece.x >= 0 && piece.x + piece.width <= info.width && piece.y >= 0 &&
            piece.y + piece.height <= info.height);
    require(piece.left + piece.right < piece.width && piece.top + piece.bottom < piece.height);
    const std::string jpeg = *mosaic.head() + piece.coded;
    JpegInfo walked;
    require(walk_jpeg(as_bytes(jpeg), walked) == JpegWalk::kDone && walked.size == jpeg.size());
  }
}

std::vector<std::vector<std::uint8_t>> images_of(Bytes stream, std::size_t step) {
  FrameReader reader(1 << 20);
  Mosaic mosaic;
  std::vector<std::vector<std::uint8_t>> images;
  const auto take = [&] {
    while (const auto frame = reader.next()) {
      const Bytes image = frame->bytes();
      JpegInfo info;
      require(walk_jpeg(image, info) == JpegWalk::kDone && info.size == image.size());
      require(info.has_huffman_tables);
      read_facts(image);
      show(mosaic, image, info);
      images.emplace_back(image.begin(), image.end());
    }
  };
  while (!stream.empty()) {
    const auto space = reader.space();
    const std::size_t n = std::min({step, space.size(), stream.size()});
    std::memcpy(space.data(), stream.data(), n);
    reader.filled(n);
    stream = stream.subspan(n);
    take();
  }
  reader.finish();
  take();
  return images;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1 << 16) return 0;
  const Bytes stream(data, size);
  require(images_of(stream, size + 1) == images_of(stream, 7));
  return 0;
}
