// Tiles coded with AVX2, where the processor has that: bit for bit what libjpeg makes of them.
#pragma once

#include <memory>

#include "base/io.h"
#include "picture/convert.h"

namespace kvm {

// One a thread.
class Avx2Coder {
 public:
  // Null where this processor cannot, or `header` is not this: SOI to SOS of a baseline image of
  // one scan, with all its tables. Tiles are `mcus` MCUs wide.
  static std::unique_ptr<Avx2Coder> make(Bytes header, int mcus);
  ~Avx2Coder();

  // The entropy-coded bytes of a tile, without markers; valid until the next call but one. `planes`
  // has whole MCUs.
  Bytes encode(const Planes& planes) noexcept;

 private:
  struct State;
  explicit Avx2Coder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kvm
