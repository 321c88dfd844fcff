#include "picture/tile_coder.h"

#include <gtest/gtest.h>

#include <random>

namespace kvm {
namespace {

// The samples of one tile: noise, one value, hard edges, a slope, or a slope with noise.
class Tile {
 public:
  explicit Tile(const TileShape& shape)
      : width_(static_cast<std::size_t>(shape.mcus * shape.mcu_width())),
        samples_(3 * width_ * static_cast<std::size_t>(shape.mcu_height())) {}

  const Tile& paint(std::mt19937& random) {
    const auto kind = random() % 5;
    const auto first = random() % 256, step = random() % 8, amount = 1 + random() % 40;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const auto slope = first + step * (i % width_) / 2;
      const std::uint_fast32_t sample[] = {random(), first, random() % 2 * 255, slope,
                                           slope + random() % amount};
      samples_[i] = static_cast<std::uint8_t>(sample[kind]);
    }
    return *this;
  }
  Planes planes() {
    std::uint8_t* third = samples_.data() + samples_.size() / 3;
    return {samples_.data(), third, third + samples_.size() / 3, width_, width_};
  }

 private:
  std::size_t width_;
  std::vector<std::uint8_t> samples_;
};

std::vector<std::uint8_t> copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// Compares libjpeg with itself on processors for which TileCoder has nothing faster.
TEST(TileCoder, CodesAsLibjpegDoes) {
  std::mt19937 random(1);
  for (const bool grey : {false, true})
    for (const Subsampling subsampling :
         {Subsampling::k420, Subsampling::k422, Subsampling::k444}) {
      if (grey && subsampling != Subsampling::k420) continue;
      for (const int quality : {1, 5, 20, 50, 75, 80, 90, 95, 99, 100})
        for (const int mcus : {1, 2, 3, 17, 30}) {
          const TileShape shape{mcus, grey, subsampling, quality};
          TileCoder fast(shape), libjpeg(shape, TileEngine::kLibjpeg);
          ASSERT_EQ(fast.header(100, 50), libjpeg.header(100, 50));
          Tile tile(shape);
          constexpr int kTiles = 25;
          for (int i = 0; i <= kTiles; ++i) {
            tile.paint(random);
            const auto ours = copy(i < kTiles ? fast.encode(tile.planes()) : fast.flush());
            ASSERT_EQ(ours, copy(i < kTiles ? libjpeg.encode(tile.planes()) : libjpeg.flush()))
                << "quality " << quality << ", " << mcus << " MCUs of "
                << (grey ? 0 : static_cast<int>(subsampling) + 1) << ", tile " << i;
            ASSERT_EQ(ours.empty(), i == 0);
          }
        }
    }
}

}  // namespace
}  // namespace kvm
