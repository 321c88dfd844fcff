#include "picture/notice.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "picture/font.h"

namespace kvm {

namespace {

const Color kPaper = rgb(24, 26, 30), kTitle = rgb(255, 196, 64), kDetail = rgb(200, 204, 210);

int width_of(std::string_view text, int scale) {
  return static_cast<int>(text.size()) * kGlyphWidth * scale;
}

std::vector<std::string> wrapped(std::string_view text, int columns) {
  std::vector<std::string> lines;
  for (const std::string_view word : words(text)) {
    if (lines.empty() || static_cast<int>(lines.back().size() + 1 + word.size()) > columns)
      lines.emplace_back(word);
    else
      lines.back().append(" ").append(word);
  }
  return lines;
}

}  // namespace

Notice::Notice(int width, int height) : canvas_(width, height, kPaper) {}

const Image& Notice::draw(std::string_view title, std::string_view detail) {
  const int width = canvas_.width(), height = canvas_.height();
  canvas_.fill(0, 0, width, height, kPaper);
  // The title fills half the width, if a scale of 1 to 8 allows it. The letters of the detail are
  // at most half as large.
  const int large = std::clamp(width / 2 / std::max(1, width_of(title, 1)), 1, 8);
  const int small = std::max(1, std::min(large / 2, width / (kGlyphWidth * 48)));
  const auto lines = wrapped(detail, std::max(1, width * 9 / 10 / (kGlyphWidth * small)));

  const int line_height = (kGlyphHeight + 4) * small;
  const int total = (kGlyphHeight + 8) * large + static_cast<int>(lines.size()) * line_height;
  int y = std::max(0, (height - total) / 2);
  const auto centred = [&](std::string_view text, Color ink, int scale) {
    canvas_.text(std::max(0, (width - width_of(text, scale)) / 2), y, text, ink, kPaper, scale);
  };
  centred(title, kTitle, large);
  y += (kGlyphHeight + 8) * large;
  for (const std::string& line : lines) {
    centred(line, kDetail, small);
    y += line_height;
  }
  return canvas_.image();
}

}  // namespace kvm
