// What the one scan of a baseline JPEG image is coded with.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/io.h"
#include "jpeg/huffman.h"
#include "jpeg/walker.h"

namespace kvm {

struct ScanTables {
  struct Component {
    std::size_t width, height;  // of an MCU, in blocks (A.2)
    std::size_t steps;          // of quantisation: a number below 4
    std::size_t dc, ac;         // in `codes`, where both are
  };

  std::vector<Component> components;                 // in the order of their blocks
  std::array<std::optional<HuffmanCodes>, 8> codes;  // DC 0–3, AC 0–3
  std::array<Bytes, 4> steps;  // 64 each of the image's own bytes, in zigzag order; empty: none, or
                               // of 16 bits

  // `info` is what walk_jpeg says of `image`, of which the header is enough. nullopt: not baseline,
  // several scans, or Huffman tables that are missing or none. Source: ITU-T T.81, annex B.
  static std::optional<ScanTables> of(Bytes image, const JpegInfo& info);

 private:
  bool read_codes(Bytes segment);
  void read_steps(Bytes segment);
};

}  // namespace kvm
