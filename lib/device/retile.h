// Passed-through JPEG cut into tiles, without loss: the same coefficients, with restart markers.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/io.h"
#include "format/mjpeg_fix.h"

namespace kvm {

// Keeps libjpeg's memory from picture to picture.
class Retiler {
 public:
  Retiler();
  ~Retiler();

  // As clean_jpeg(), but where the picture has no restart interval that is a tile it gets one, and
  // standard Huffman tables: the entropy-coded data is written anew, the decoded pixels are the
  // same. Unlike clean_jpeg() it sees, and names, damage inside of the entropy-coded data. `frame`
  // lies in `com` and in the retiler, until the next call.
  JpegFault retile(Bytes captured, std::string_view com, FrameParts& frame);

 private:
  struct Libjpeg;
  std::unique_ptr<Libjpeg> jpeg_;
  std::vector<std::uint8_t> cleaned_, coded_;
};

}  // namespace kvm
