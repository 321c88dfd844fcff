// Encodes tiles with AVX2, where the processor has it. The bytes equal those of libjpeg.
#pragma once

#include <memory>

#include "base/io.h"
#include "picture/convert.h"

namespace kvm {

// Not thread-safe: each thread has its own.
class Avx2Coder {
 public:
  // Makes a coder for tiles that are `mcus` MCUs wide. `header` must be the part from SOI to SOS of
  // a baseline image with one scan and all its tables. Returns null if it is not, or if the
  // processor lacks AVX2, BMI or BMI2.
  static std::unique_ptr<Avx2Coder> make(Bytes header, int mcus);
  ~Avx2Coder();

  // Returns the entropy-coded bytes of a tile, without markers. The next call leaves them valid;
  // the call after it overwrites them. `planes` holds whole MCUs.
  Bytes encode(const Planes& planes) noexcept;

 private:
  struct State;
  explicit Avx2Coder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kvm
