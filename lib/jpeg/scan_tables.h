// The tables and components of the only scan of a baseline JPEG image.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/io.h"
#include "jpeg/huffman.h"
#include "jpeg/marker_walker.h"

namespace kvm {

struct ScanTables {
  struct Component {
    std::size_t width, height;  // the component's blocks in an MCU (A.2)
    std::size_t steps;          // index of its quantisation steps in `steps`
    std::size_t dc, ac;         // indices in `codes`; both tables are present
  };

  std::vector<Component> components;                 // in the order of their blocks in an MCU
  std::array<std::optional<HuffmanCodes>, 8> codes;  // DC 0–3, then AC 0–3
  // Each table is 64 bytes of the image, in zigzag order; empty: missing, or with 16-bit entries.
  std::array<Bytes, 4> steps;

  // `info` is what walk_jpeg() found in `image`; the header of the image is enough. nullopt: the
  // image is not baseline, has several scans, or a Huffman table is missing or invalid. Source:
  // ITU-T T.81, annex B.
  static std::optional<ScanTables> of(Bytes image, const JpegInfo& info);

 private:
  bool read_codes(Bytes segment);
  void read_steps(Bytes segment);
};

}  // namespace kvm
