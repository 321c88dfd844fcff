// Encodes one tile after the other with little overhead per tile: with AVX2 where the processor has
// it, else with libjpeg-turbo.
#pragma once

#include <memory>
#include <vector>

#include "base/io.h"
#include "picture/avx2_coder.h"
#include "picture/convert.h"

namespace kvm {

// The properties that all tiles of a picture share.
struct TileShape {
  int mcus = 0;  // width of a tile; its height is one MCU
  bool grey = false;
  Subsampling subsampling = Subsampling::k420;
  int quality = 80;

  int mcu_width() const noexcept { return grey ? 8 : 8 * chroma_x(subsampling); }
  int mcu_height() const noexcept { return grey ? 8 : 8 * chroma_y(subsampling); }
  bool operator==(const TileShape&) const = default;
};

// The implementation to use. All give the same bytes.
enum class TileEngine : std::uint8_t { kFastest, kLibjpeg };

// To libjpeg the tiles are MCU rows of one tall picture with a restart marker before each row. A
// tile is complete only when the next one begins, so encode() returns the previous tile. A coder
// keeps memory and tables between tiles, so each thread has its own.
class TileCoder {
 public:
  // Throws Error if libjpeg fails.
  explicit TileCoder(const TileShape& shape, TileEngine engine = TileEngine::kFastest);
  ~TileCoder();

  // Encodes a tile, and returns the entropy-coded bytes of the previous tile without markers, empty
  // if there was none. They are valid until the next call. `planes` has whole MCUs.
  Bytes encode(const Planes& planes);
  // Returns the bytes of the last tile.
  Bytes flush();

  // The part from SOI to SOS of a picture made of these tiles, with a restart interval of one tile.
  std::vector<std::uint8_t> header(int width, int height) const;

 private:
  struct Libjpeg;
  void start();
  Bytes write(const Planes& planes);

  TileShape shape_;
  std::unique_ptr<Libjpeg> jpeg_;
  std::vector<std::uint8_t> blank_;  // the samples of a blank tile
  Planes blank_planes_{};
  std::vector<std::uint8_t> output_;  // room for two of the largest tiles
  std::vector<std::uint8_t> header_;
  std::vector<std::uint8_t> last_;   // the last tile of libjpeg's previous tall picture
  std::size_t begin_ = 0;            // offset of the unfinished tile in output_
  int rows_left_ = 0;                // MCU rows that libjpeg's picture still has room for
  int marker_ = 0;                   // the n of the next RSTn; -1: the header comes first
  bool pending_ = false;             // the unfinished tile is not blank
  std::unique_ptr<Avx2Coder> avx2_;  // encodes instead of libjpeg, if not null
  Bytes coded_;                      // the last tile of avx2_
};

}  // namespace kvm
