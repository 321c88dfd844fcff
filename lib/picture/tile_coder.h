// libjpeg-turbo, made to encode tile after tile at little more than the cost of their pixels.
#pragma once

#include <memory>
#include <vector>

#include "base/io.h"
#include "picture/avx2_coder.h"
#include "picture/convert.h"

namespace kvm {

// What all tiles of a picture have in common.
struct TileShape {
  int mcus = 0;  // wide; each is one MCU high
  bool grey = false;
  Subsampling subsampling = Subsampling::k420;
  int quality = 80;

  int mcu_width() const noexcept { return grey ? 8 : 8 * chroma_x(subsampling); }
  int mcu_height() const noexcept { return grey ? 8 : 8 * chroma_y(subsampling); }
  bool operator==(const TileShape&) const = default;
};

// Who does the work; the bytes are the same.
enum class TileEngine : std::uint8_t { kFastest, kLibjpeg };

// To libjpeg all tiles are the MCU rows of one tall picture with a restart marker before each row.
// A tile is complete once the next one begins, so encode() gives back the one before. Keeps its
// memory and tables; one a thread.
class TileCoder {
 public:
  // Throws Error where libjpeg refuses.
  explicit TileCoder(const TileShape& shape, TileEngine engine = TileEngine::kFastest);
  ~TileCoder();

  // The entropy-coded bytes of the previous tile, without markers; empty if there was none. Valid
  // until the next call. `planes` has whole MCUs.
  Bytes encode(const Planes& planes);
  // The bytes of the last tile.
  Bytes flush();

  // SOI to SOS of a picture of such tiles, with a restart interval of one tile.
  std::vector<std::uint8_t> header(int width, int height) const;

 private:
  struct Libjpeg;
  void start();
  Bytes write(const Planes& planes);

  TileShape shape_;
  std::unique_ptr<Libjpeg> jpeg_;
  std::vector<std::uint8_t> blank_;  // one tile's samples
  Planes blank_planes_{};
  std::vector<std::uint8_t> output_;  // room for two of the largest tiles
  std::vector<std::uint8_t> header_;
  std::vector<std::uint8_t> last_;  // a tile that was finished before libjpeg began anew
  std::size_t begin_ = 0;           // where in output_ the unfinished tile is
  int rows_left_ = 0;
  int marker_ = 0;                   // the number of the next RSTn
  bool pending_ = false;             // the unfinished tile is a real one
  std::unique_ptr<Avx2Coder> avx2_;  // does it instead of libjpeg
  Bytes coded_;                      // its last tile
};

}  // namespace kvm
