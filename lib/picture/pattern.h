// Built-in sources: screens that need no device.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "picture/canvas.h"

namespace kvm {

enum class PatternKind : std::uint8_t {
  kConsole,  // a text console: a log, a clock, a frame counter, a spinner, a cursor
  kDesktop,  // windows, a clock and a pointer that moves
  kVideo,    // every pixel moves
  kNoise,    // every pixel is random
};

// By its name in `-d test:NAME`: console, desktop, video, noise; "" is the console.
std::optional<PatternKind> pattern_by_name(std::string_view name) noexcept;

class Pattern {
 public:
  // Pixels, at least 1x1.
  Pattern(PatternKind kind, int width, int height);

  // The picture of that frame and time (unix µs), YUYV; valid until the next call. Frames may be
  // skipped: a picture does not depend on those before.
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
  std::optional<std::uint64_t> log_lines_;  // kConsole: that are on the canvas
  std::optional<Canvas> behind_;            // kDesktop: all but bar and pointer
  int pointer_x_ = 0, pointer_y_ = 0;       // where it is on the canvas
  std::vector<std::uint8_t> waves_;         // kVideo: what a pixel is the sum of
  std::size_t wave_length_ = 0;
};

}  // namespace kvm
