// Cuts a device's JPEG into tiles without loss: same coefficients, but with restart markers.
#pragma once

#include <memory>
#include <vector>

#include "jpeg/clean_mjpeg.h"

namespace kvm {

// Keeps libjpeg's memory between pictures.
class Retiler {
 public:
  Retiler();
  ~Retiler();

  // Rewrites `frame`, an output of clean_jpeg(), unless its restart interval is one tile already.
  // The new frame has that interval, standard Huffman tables and the same decoded pixels. Its
  // parts, except the comment, are memory of the retiler and valid until the next call. Unlike
  // clean_jpeg(), this detects damage inside the entropy-coded data; it then returns the fault and
  // leaves `frame` unchanged.
  JpegFault retile(FrameParts& frame);

 private:
  struct Libjpeg;
  std::unique_ptr<Libjpeg> jpeg_;
  std::vector<std::uint8_t> whole_, coded_;
};

}  // namespace kvm
