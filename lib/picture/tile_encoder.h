// Encodes pictures as baseline JPEG by tiles. Tiles that did not change are not encoded again.
#pragma once

#include <memory>
#include <string_view>

#include "base/io.h"
#include "picture/convert.h"
#include "picture/image.h"

namespace kvm {

struct EncoderOptions {
  int quality = 80;  // 1–100, libjpeg's scale
  Subsampling subsampling = Subsampling::k420;
  int threads = 0;  // 0: one for each core, at most eight
  int noise = 0;    // a tile counts as unchanged if no sample (0–255) differs by more than this
};

// Makes one JPEG after the other, with standard Huffman tables and a restart interval of one tile.
// A tile is one MCU row high and a quarter of the picture wide, if four divides the number of MCUs
// (otherwise see tiles_across()).
class TileEncoder {
 public:
  explicit TileEncoder(const EncoderOptions& options);
  ~TileEncoder();

  // Returns a whole JPEG with `com`, a COM segment, right after SOI. It is valid until the next
  // call. Size and format may change from picture to picture. Throws Error if the format is not one
  // of pixel_formats(), or a side is not 1 to 65500 pixels.
  Bytes encode(const Image& image, std::string_view com);
  // True if no tile of the last picture changed.
  bool unchanged() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kvm
