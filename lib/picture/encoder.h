// Pictures to baseline JPEG, by tiles: what did not change is not encoded again.
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
  int threads = 0;  // 0: as many as there are cores
  int noise = 0;    // differences up to this much a sample are no change
};

// One JPEG after the other, with standard Huffman tables and a restart interval of one tile: one
// MCU row high, a quarter of the picture wide where that divides (tiles_across()).
class Encoder {
 public:
  explicit Encoder(const EncoderOptions& options);
  ~Encoder();

  // A whole JPEG with `com`, a COM segment, right after SOI; valid until the next call. Size and
  // format may change from picture to picture. Throws Error where the picture is none of ours or
  // larger than JPEG's 65500.
  Bytes encode(const Image& image, std::string_view com);
  // The last picture was, to the eye of `noise`, the one before it.
  bool unchanged() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kvm
