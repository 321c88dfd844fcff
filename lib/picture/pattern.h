// The pictures of the built-in sources, which need no device.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "picture/canvas.h"

namespace kvm {

enum class PatternKind : std::uint8_t {
  kConsole,  // a text console: a log, a clock, a frame counter, a spinner, a cursor
  kDesktop,  // windows, a clock and a moving pointer
  kVideo,    // every pixel moves
  kNoise,    // every pixel is random
};

// The kind with this name: console, desktop, video or noise; "" is the console. nullopt: unknown
// name.
std::optional<PatternKind> pattern_by_name(std::string_view name) noexcept;

class Pattern {
 public:
  // The size in pixels, at least 1x1.
  Pattern(PatternKind kind, int width, int height);

  // Draws picture number `frame` at this time in YUYV. It is valid until the next call.
  // Frames may be skipped: a picture does not depend on earlier pictures.
  const Image& draw(std::uint64_t frame, std::int64_t unix_us);

 private:
  void draw_console(std::uint64_t frame, std::int64_t unix_us);
  void prepare_desktop();
  void draw_desktop(std::uint64_t frame, std::int64_t unix_us);
  void prepare_video();
  void draw_video(std::uint64_t frame);
  void draw_noise(std::uint64_t frame);

  PatternKind kind_;
  Canvas canvas_;
  std::optional<std::uint64_t> log_lines_;  // kConsole: lines drawn on the canvas
  std::optional<Canvas> behind_;            // kDesktop: the picture without bar and pointer
  int pointer_x_ = 0, pointer_y_ = 0;       // kDesktop: position on the canvas
  std::vector<std::uint8_t> waves_;         // kVideo: four rows; a pixel is a sum of their values
  std::size_t wave_length_ = 0;
};

}  // namespace kvm
