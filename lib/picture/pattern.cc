#include "picture/pattern.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <numbers>

#include "base/text.h"
#include "picture/font.h"

namespace kvm {

namespace {

constexpr std::pair<std::string_view, PatternKind> kKinds[] = {
    {"", PatternKind::kConsole},        {"console", PatternKind::kConsole},
    {"desktop", PatternKind::kDesktop}, {"video", PatternKind::kVideo},
    {"noise", PatternKind::kNoise},
};

const Color kBlack = rgb(0, 0, 0), kGrey = rgb(170, 170, 170), kWhite = rgb(255, 255, 255),
            kGreen = rgb(85, 255, 85), kBlue = rgb(0, 0, 170), kYellow = rgb(255, 255, 85);

// The lines of the log. After the last line the log begins again with the first.
constexpr std::string_view kLog[] = {
    "Starting Rule-based Manager for Device Events and Files",
    "Reached target Local File Systems",
    "Mounted POSIX Message Queue File System",
    "usb 1-1: new high-speed USB device number 2 using dwc2",
    "input: kvm keyboard as /devices/platform/soc/usb1/1-1/input0",
    "Started Network Time Synchronization",
    "eth0: link up, 1000 Mbps, full duplex",
    "EXT4-fs (sda2): mounted filesystem with ordered data mode",
    "Listening on D-Bus System Message Bus Socket",
    "Started OpenBSD Secure Shell server",
    "audit: type=1400 apparmor=\"STATUS\" operation=\"profile_load\"",
};

constexpr int kLogEvery = 150;  // frames
constexpr int kPointerWidth = 12, kPointerHeight = 20;

std::string clock_text(std::int64_t unix_us) {
  const std::time_t seconds = unix_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return strf("%04d-%02d-%02d %02d:%02d:%02d.%03d UTC", utc.tm_year + 1900, utc.tm_mon + 1,
              utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
              static_cast<int>(unix_us / 1000 % 1000));
}

// Draws a window of text with its title on top.
void draw_window(Canvas& canvas, const Rect& at, std::string_view title) {
  const Color frame = rgb(90, 98, 112), paper = rgb(250, 250, 246), ink = rgb(30, 34, 40);
  canvas.fill(at.x - 2, at.y - 2, at.width + 4, at.height + 4, frame);
  canvas.text(at.x + 6, at.y + 2, title, kWhite, frame);
  canvas.fill(at.x, at.y + 20, at.width, at.height - 20, paper);
  const auto columns = static_cast<std::size_t>(std::max(0, at.width / kGlyphWidth - 2));
  for (int line = 0; line < (at.height - 28) / kGlyphHeight; ++line)
    canvas.text(at.x + kGlyphWidth, at.y + 24 + line * kGlyphHeight,
                kLog[static_cast<std::size_t>(line) % std::size(kLog)].substr(0, columns), ink,
                paper);
}

// xorshift64* (Marsaglia 2003, Vigna 2016).
std::uint64_t next_random(std::uint64_t& state) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1d;
}

}  // namespace

std::optional<PatternKind> pattern_by_name(std::string_view name) noexcept {
  for (const auto& [known, kind] : kKinds)
    if (name == known) return kind;
  return std::nullopt;
}

Pattern::Pattern(PatternKind kind, int width, int height)
    : kind_(kind), canvas_(width, height, kBlack) {
  if (kind == PatternKind::kDesktop) prepare_desktop();
  if (kind == PatternKind::kVideo) prepare_video();
}

const Image& Pattern::draw(std::uint64_t frame, std::int64_t unix_us) {
  switch (kind_) {
    case PatternKind::kConsole:
      draw_console(frame, unix_us);
      break;
    case PatternKind::kDesktop:
      draw_desktop(frame, unix_us);
      break;
    case PatternKind::kVideo:
      draw_video(frame);
      break;
    case PatternKind::kNoise:
      draw_noise(frame);
      break;
  }
  return canvas_.image();
}

// Draws a status bar at the top, the log below it and the prompt at the bottom.
void Pattern::draw_console(std::uint64_t frame, std::int64_t unix_us) {
  const int rows = canvas_.height() / kGlyphHeight, columns = canvas_.width() / kGlyphWidth;
  const auto y = [](int row) { return row * kGlyphHeight; };

  const std::uint64_t lines = 12 + frame / kLogEvery;
  if (log_lines_ != lines) {
    log_lines_ = lines;
    canvas_.fill(0, 0, canvas_.width(), canvas_.height(), kBlack);
    const int room = rows - 3;
    const std::uint64_t first = lines > static_cast<std::uint64_t>(room < 0 ? 0 : room)
                                    ? lines - static_cast<std::uint64_t>(room)
                                    : 0;
    for (std::uint64_t line = first; line < lines; ++line) {
      const int row = 1 + static_cast<int>(line - first);
      canvas_.text(0, y(row), "[", kGrey, kBlack);
      canvas_.text(2 * kGlyphWidth, y(row), "OK", kGreen, kBlack);
      canvas_.text(5 * kGlyphWidth, y(row),
                   strf("] %10.6f ", static_cast<double>(line) * 0.731) +
                       std::string(kLog[line % std::size(kLog)]),
                   kGrey, kBlack);
    }
  }

  const std::time_t seconds = unix_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string bar = strf(
      " kvmpi test %dx%d   %04d-%02d-%02d %02d:%02d:%02d.%03d UTC   frame %llu  ", canvas_.width(),
      canvas_.height(), utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
      utc.tm_sec, static_cast<int>(unix_us / 1000 % 1000), static_cast<unsigned long long>(frame));
  bar += "|/-\\"[frame / 4 % 4];
  canvas_.text(0, 0, bar, kWhite, kBlue);
  if (const int used = static_cast<int>(bar.size()); used < columns)
    canvas_.fill(used * kGlyphWidth, 0, canvas_.width(), kGlyphHeight, kBlue);

  constexpr std::string_view kPrompt = "target login: ";
  const int row = rows - 1;
  canvas_.text(0, y(row), kPrompt, kYellow, kBlack);
  const Color cursor = frame / 15 % 2 == 0 ? kGrey : kBlack;
  canvas_.fill(static_cast<int>(kPrompt.size()) * kGlyphWidth, y(row) + kGlyphHeight - 3,
               kGlyphWidth, 2, cursor);
}

// Draws the parts that do not move: a wallpaper shaded from corner to corner, and two windows.
void Pattern::prepare_desktop() {
  const int width = canvas_.width(), height = canvas_.height();
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; x += 2)
      canvas_.fill(x, y, 2, 1,
                   rgb(20 + 60 * x / width, 60 + 50 * y / height, 110 + 40 * x / width));
  draw_window(canvas_, {width / 16 & ~1, height / 12, width / 2 & ~1, height / 2}, "Editor");
  draw_window(canvas_, {width * 7 / 16 & ~1, height / 3, width / 2 & ~1, height / 2}, "Terminal");
  behind_.emplace(canvas_.width(), canvas_.height(), kBlack);
  for (int y = 0; y < height; ++y)
    std::memcpy(behind_->row(y), canvas_.row(y), canvas_.image().strides[0]);
}

void Pattern::draw_desktop(std::uint64_t frame, std::int64_t unix_us) {
  const int width = canvas_.width(), height = canvas_.height();
  const int left = pointer_x_ / 2 * 4,
            right = (std::min(pointer_x_ + kPointerWidth, width) + 1) / 2 * 4;
  for (int y = pointer_y_; y < std::min(pointer_y_ + kPointerHeight, height); ++y)
    std::memcpy(canvas_.row(y) + left, behind_->row(y) + left,
                static_cast<std::size_t>(right - left));

  const Color bar = rgb(38, 42, 50);
  canvas_.fill(0, height - kGlyphHeight - 8, width, kGlyphHeight + 8, bar);
  canvas_.text(
      kGlyphWidth, height - kGlyphHeight - 4,
      strf("%s   frame %llu", clock_text(unix_us).c_str(), static_cast<unsigned long long>(frame)),
      kWhite, bar);

  // The pointer is an arrow that moves along a figure of eight.
  const double angle = static_cast<double>(frame % 300) * 2 * std::numbers::pi / 300;
  pointer_x_ = static_cast<int>(width * (0.5 + 0.4 * std::cos(angle))) & ~1;
  pointer_y_ = static_cast<int>(height * (0.5 + 0.4 * std::sin(2 * angle)));
  for (int row = 0; row < kPointerHeight; ++row)
    canvas_.fill(pointer_x_, pointer_y_ + row, std::min(row, kPointerHeight - row) + 2, 1, kWhite);
}

// Makes the four rows of `waves_`: waves along x, along y and along both, and grain.
void Pattern::prepare_video() {
  wave_length_ = static_cast<std::size_t>(canvas_.width() + canvas_.height() + 4096);
  waves_.resize(4 * wave_length_);
  std::uint64_t random = 1;
  for (std::size_t i = 0; i < wave_length_; ++i) {
    const double at = static_cast<double>(i);
    waves_[i] = static_cast<std::uint8_t>(40 + 40 * std::sin(at / 61));
    waves_[wave_length_ + i] = static_cast<std::uint8_t>(30 + 30 * std::sin(at / 23));
    waves_[2 * wave_length_ + i] = static_cast<std::uint8_t>(i / 48 % 2 * 50);
    waves_[3 * wave_length_ + i] = static_cast<std::uint8_t>(next_random(random) >> 61);
  }
}

void Pattern::draw_video(std::uint64_t frame) {
  const auto step = static_cast<std::size_t>(frame % 512);
  for (int row = 0; row < canvas_.height(); ++row) {
    const auto y = static_cast<std::size_t>(row);
    const std::uint8_t* along = &waves_[step * 3];
    const std::uint8_t* both = &waves_[2 * wave_length_ + step * 2 + y];
    const std::uint8_t* grain = &waves_[3 * wave_length_ + (y * 977 + step * 131) % 4096];
    const int down = 16 + waves_[wave_length_ + y + step * 5];
    std::uint8_t* to = canvas_.row(row);
    for (int x = 0; x < (canvas_.width() + 1) / 2 * 2; ++x) {
      to[2 * x] = static_cast<std::uint8_t>(down + along[x] + both[x] + grain[x]);
      to[2 * x + 1] = static_cast<std::uint8_t>(88 + (x % 2 == 0 ? along[x] : down));
    }
  }
}

void Pattern::draw_noise(std::uint64_t frame) {
  std::uint64_t random = frame + 1;
  for (int y = 0; y < canvas_.height(); ++y)
    for (std::size_t at = 0; at < canvas_.image().strides[0]; at += 4) {
      const std::uint64_t bits = next_random(random);
      std::memcpy(canvas_.row(y) + at, &bits, 4);
    }
}

}  // namespace kvm
