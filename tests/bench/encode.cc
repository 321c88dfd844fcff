// Compares the encoder with plain libjpeg-turbo, on the same pictures in one run: CPU time and wall
// time a frame.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "../unit/libjpeg.h"
#include "base/clock.h"
#include "base/text.h"
#include "picture/pattern.h"
#include "picture/tile_encoder.h"

using namespace kvm;

namespace {

constexpr int kWidth = 1920, kHeight = 1080;

struct Scene {
  const char* name;
  // Draws the frame of a number, in YUYV. Each frame differs from the one before, except in
  // "static".
  std::function<Image(int)> draw;
};

const Color kInk = rgb(170, 170, 170), kPaper = rgb(0, 0, 0);

// 67 lines of a log, beginning at `line`.
void draw_log(Canvas& canvas, int line) {
  for (int row = 0; row < kHeight / 16; ++row)
    canvas.text(0, row * 16,
                strf("[%5d.%06d] unit %d: the quick brown fox jumps over the lazy dog %x     ",
                     (line + row) / 7, (line + row) * 7919 % 1000000, (line + row) % 13,
                     (line + row) * 2654435),
                kInk, kPaper);
}

std::vector<Scene> scenes() {
  static Pattern video(PatternKind::kVideo, kWidth, kHeight),
      noise(PatternKind::kNoise, kWidth, kHeight), desktop(PatternKind::kDesktop, kWidth, kHeight),
      window(PatternKind::kVideo, 854, 480);
  static Canvas console(kWidth, kHeight, kPaper), screen(kWidth, kHeight, kPaper);
  draw_log(console, 0);
  const Image background = desktop.draw(0, 0);
  std::memcpy(screen.row(0), background.planes[0], background.strides[0] * kHeight);

  return {
      {"all change", [&](int i) { return video.draw(static_cast<unsigned>(i), 0); }},
      {"noise", [&](int i) { return noise.draw(static_cast<unsigned>(i), 0); }},
      {"static", [&](int) { return console.image(); }},
      {"cursor",
       [&](int i) {
         console.fill(800, 1000, 8, 16, i % 2 == 0 ? kInk : kPaper);
         return console.image();
       }},
      {"typing",
       [&](int i) {
         console.text(8 * (i % 200), 1056, strf("%c", 'a' + i % 23), kInk, kPaper);
         return console.image();
       }},
      {"mouse", [&](int i) { return desktop.draw(static_cast<unsigned>(i), 0); }},
      {"scroll",
       [&](int i) {
         draw_log(console, i);
         return console.image();
       }},
      {"window",
       [&](int i) {
         const Image inner = window.draw(static_cast<unsigned>(i), 0);
         for (int y = 0; y < inner.height; ++y)
           std::memcpy(screen.row(y + 200) + 2 * 600,
                       inner.planes[0] + static_cast<unsigned>(y) * inner.strides[0],
                       static_cast<std::size_t>(inner.width) * 2);
         return screen.image();
       }},
  };
}

struct Result {
  double cpu_ms, wall_ms, bytes;  // per frame; wall_ms is the median, the others are means
};

Result measure(const Scene& scene, int frames,
               const std::function<std::size_t(const Image&)>& encode) {
  constexpr int kWarmUp = 4;
  static int number = 0;  // continues from call to call, so that pictures do not come back
  std::vector<double> walls;
  double bytes = 0;
  std::int64_t cpu = 0;
  for (int i = -kWarmUp; i < frames; ++i) {
    const Image image = scene.draw(number++);
    const std::int64_t wall_from = monotonic_us(), cpu_from = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    const std::size_t size = encode(image);
    if (i < 0) continue;
    cpu += clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_from;
    walls.push_back(static_cast<double>(monotonic_us() - wall_from) / 1000);
    bytes += static_cast<double>(size);
  }
  std::nth_element(walls.begin(), walls.begin() + frames / 2, walls.end());
  return {static_cast<double>(cpu) / 1000 / frames, walls[static_cast<std::size_t>(frames) / 2],
          bytes / frames};
}

// Encodes like programs that pass rows of pixels to libjpeg: chroma is repeated to 4:4:4 first.
std::size_t encode_plain(const Image& image) {
  static std::vector<std::uint8_t> wide(3 * kWidth * kHeight);
  std::uint8_t* to = wide.data();
  for (const std::uint8_t* from = image.planes[0]; to < wide.data() + wide.size(); from += 4) {
    for (const int luma : {0, 2}) {
      *to++ = from[luma];
      *to++ = from[1];
      *to++ = from[3];
    }
  }
  return plain_encode(wide.data(), kWidth, kHeight, JCS_YCbCr, Subsampling::k420, 80).size();
}

}  // namespace

int main(int argc, char** argv) {
  const int frames = argc > 1 ? std::max(1, std::atoi(argv[1])) : 60;
  nlohmann::json report = nlohmann::json::array();
  std::printf("%-12s %9s | %9s %9s %7s | %9s %9s %7s %8s\n", "1080p YUYV", "plain cpu", "1 thread",
              "wall ms", "ratio", "2 threads", "wall ms", "ratio", "KB");
  for (const Scene& scene : scenes()) {
    const Result plain = measure(scene, std::max(4, frames / 8), encode_plain);
    Result ours[2];
    for (const int threads : {1, 2}) {
      EncoderOptions options;
      options.threads = threads;
      TileEncoder encoder(options);
      ours[threads - 1] = measure(
          scene, frames, [&](const Image& image) { return encoder.encode(image, "").size(); });
    }
    std::printf("%-12s %9.2f | %9.3f %9.3f %6.1fx | %9.3f %9.3f %6.1fx %8.0f\n", scene.name,
                plain.cpu_ms, ours[0].cpu_ms, ours[0].wall_ms, plain.cpu_ms / ours[0].cpu_ms,
                ours[1].cpu_ms, ours[1].wall_ms, plain.wall_ms / ours[1].wall_ms,
                ours[0].bytes / 1024);
    report.push_back({{"scene", scene.name},
                      {"plain_cpu_ms", plain.cpu_ms},
                      {"plain_wall_ms", plain.wall_ms},
                      {"cpu_ms", ours[0].cpu_ms},
                      {"wall_ms", ours[0].wall_ms},
                      {"two_threads_cpu_ms", ours[1].cpu_ms},
                      {"two_threads_wall_ms", ours[1].wall_ms},
                      {"bytes", ours[0].bytes}});
  }
  if (argc > 2) {
    std::FILE* file = std::fopen(argv[2], "w");
    if (!file) return std::perror(argv[2]), 74;
    std::fputs(report.dump(1).c_str(), file);
    if (std::fclose(file) != 0) return std::perror(argv[2]), 74;
  }
}
