#include "picture/avx2_coder.h"

#include <utility>
#include <vector>

#if defined(__x86_64__)

#include "jpeg/block_code.h"
#include "jpeg/scan_tables.h"
#include "picture/avx2_transform.h"

namespace kvm {

namespace {

// The index in avx2::Coefficients of each coefficient, in zigzag order.
constexpr auto kPlaces = [] {
  std::array<std::uint8_t, 64> places{};
  for (std::size_t i = 0; i < 64; ++i)
    places[i] = static_cast<std::uint8_t>(kZigzag[i] / 8 * 16 + kZigzag[i] % 8);
  return places;
}();

}  // namespace

struct Avx2Coder::State {
  struct Component {
    BlockCode code;
    std::size_t width;  // blocks in a row of an MCU
    int last = 0;       // DC value of the previous block
  };
  struct Side {
    std::size_t component, x, y;  // position of the block in the MCU
  };
  // Two blocks go through the transform at once. An odd last block fills both sides of its pair.
  struct Pair {
    Side sides[2];
    std::size_t count;
    avx2::Divisors divisors;
  };

  const std::size_t mcus;
  std::vector<Component> components;
  std::vector<Pair> pairs;           // all blocks of an MCU, in the order of the scan
  std::vector<std::uint8_t> bare;    // a tile before stuff()
  std::vector<std::uint8_t> out[2];  // the last two tiles
  std::size_t turn = 0;              // index in `out` of the last tile

  State(const ScanTables& tables, std::size_t mcus_wide);
  Bytes encode(const Planes& planes) noexcept;
};

Avx2Coder::State::State(const ScanTables& tables, std::size_t mcus_wide) : mcus(mcus_wide) {
  std::vector<Side> blocks;
  for (const ScanTables::Component& component : tables.components) {
    for (std::size_t y = 0; y < component.height; ++y)
      for (std::size_t x = 0; x < component.width; ++x) blocks.push_back({components.size(), x, y});
    components.push_back(
        {{*tables.codes[component.dc], *tables.codes[component.ac]}, component.width});
  }
  for (std::size_t i = 0; i < blocks.size(); i += 2) {
    const bool both = i + 1 < blocks.size();
    Pair& pair = pairs.emplace_back(
        Pair{{blocks[i], blocks[both ? i + 1 : i]}, both ? std::size_t{2} : 1, {}});
    for (std::size_t side = 0; side < 2; ++side) {
      const Bytes steps = tables.steps[tables.components[pair.sides[side].component].steps];
      for (std::size_t k = 0; k < 64; ++k) pair.divisors.set(side, kZigzag[k], steps[k]);
    }
  }
  const std::size_t most = BlockCode::kLargest * blocks.size() * mcus + BareBits::kSpare;
  bare.resize(most);
  for (auto& bytes : out) bytes.resize(2 * most);
}

[[KVM_AVX2]] Bytes Avx2Coder::State::encode(const Planes& planes) noexcept {
  const avx2::Samples sources[] = {{planes.y, planes.y_stride},
                                   {planes.cb, planes.chroma_stride},
                                   {planes.cr, planes.chroma_stride}};
  avx2::Coefficients coefficients;
  for (Component& component : components) component.last = 0;
  BareBits bits(bare.data());
  for (std::size_t mcu = 0; mcu < mcus; ++mcu) {
    const auto samples = [&](const Side& side) {
      const avx2::Samples& plane = sources[side.component];
      const std::size_t column = mcu * components[side.component].width + side.x;
      return avx2::Samples{plane.first + 8 * side.y * plane.stride + 8 * column, plane.stride};
    };
    for (const Pair& pair : pairs) {
      const auto nonzero = avx2::quantised(samples(pair.sides[0]), samples(pair.sides[1]),
                                           pair.divisors, coefficients);
      for (std::size_t i = 0; i < pair.count; ++i) {
        Component& component = components[pair.sides[i].component];
        component.code.write(bits, &coefficients.rows[0][8 * i], kPlaces, nonzero[i],
                             component.last);
      }
    }
  }
  turn ^= 1;
  std::uint8_t* to = out[turn].data();
  return {to, stuff(bare.data(), bits.finish(), to)};
}

std::unique_ptr<Avx2Coder> Avx2Coder::make(Bytes header, int mcus) {
  for (const bool supported :
       {__builtin_cpu_supports("avx2") != 0, __builtin_cpu_supports("bmi") != 0,
        __builtin_cpu_supports("bmi2") != 0})
    if (!supported) return nullptr;
  JpegInfo info;
  walk_jpeg(header, info);
  const auto tables = ScanTables::of(header, info);
  if (!tables) return nullptr;
  for (const ScanTables::Component& component : tables->components)
    if (tables->steps[component.steps].empty()) return nullptr;
  return std::unique_ptr<Avx2Coder>(
      new Avx2Coder(std::make_unique<State>(*tables, static_cast<std::size_t>(mcus))));
}

Bytes Avx2Coder::encode(const Planes& planes) noexcept {
  return state_->encode(planes);
}

}  // namespace kvm

#else

namespace kvm {

struct Avx2Coder::State {};

std::unique_ptr<Avx2Coder> Avx2Coder::make(Bytes, int) {
  return nullptr;
}

Bytes Avx2Coder::encode(const Planes&) noexcept {
  return {};
}

}  // namespace kvm

#endif

namespace kvm {

Avx2Coder::Avx2Coder(std::unique_ptr<State> state) : state_(std::move(state)) {}

Avx2Coder::~Avx2Coder() = default;

}  // namespace kvm
