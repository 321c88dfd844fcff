// Passed-through JPEG cut into tiles, without loss: the same coefficients, with restart markers.
#pragma once

#include <memory>
#include <vector>

#include "jpeg/clean.h"

namespace kvm {

// Keeps libjpeg's memory from picture to picture.
class Retiler {
 public:
  Retiler();
  ~Retiler();

  // Takes what clean_jpeg() made. Where it has no restart interval that is a tile it gets one, and
  // standard Huffman tables: the entropy-coded data is written anew, the decoded pixels are the
  // same, and all but the comment lies in the retiler then, until the next call. Unlike
  // clean_jpeg() it sees, and names, damage inside of the entropy-coded data; `frame` stays as it
  // was then.
  JpegFault retile(FrameParts& frame);

 private:
  struct Libjpeg;
  std::unique_ptr<Libjpeg> jpeg_;
  std::vector<std::uint8_t> whole_, coded_;
};

}  // namespace kvm
