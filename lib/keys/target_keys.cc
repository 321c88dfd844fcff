#include "keys/target_keys.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "keys/levels.h"

namespace kvm {
namespace {

constexpr std::string_view kWindows =
#include "keys/targets/windows.inc"
    ;
constexpr std::string_view kConsole =
#include "keys/targets/console.inc"
    ;
constexpr std::string_view kMac =
#include "keys/targets/mac.inc"
    ;

constexpr char32_t kNothing = U'□', kDeadMark = U'◌';
constexpr std::uint8_t kSpace = 0x2c, kGrave = 0x35, kIso = 0x64;
constexpr std::uint8_t kLeftShift = 0xe1, kRightShift = 0xe5, kRightAlt = 0xe6;
constexpr unsigned kShift = 1, kAltGr = 2;

// The keys of a drawing, row by row, as HID usages.
const std::array<std::vector<std::uint8_t>, 4> kRows = {{
    {0x35, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2d, 0x2e, 0x89},
    {0x14, 0x1a, 0x08, 0x15, 0x17, 0x1c, 0x18, 0x0c, 0x12, 0x13, 0x2f, 0x30},
    {0x04, 0x16, 0x07, 0x09, 0x0a, 0x0b, 0x0d, 0x0e, 0x0f, 0x33, 0x34, 0x31},
    {0x64, 0x1d, 0x1b, 0x06, 0x19, 0x05, 0x11, 0x10, 0x36, 0x37, 0x38, 0x87},
}};

std::string_view drawings(Target target) noexcept {
  switch (target) {
    case Target::kConsole:
      return kConsole;
    case Target::kWindows:
      return kWindows;
    case Target::kMac:
    case Target::kMacIso:
      return kMac;
    case Target::kAuto:
    case Target::kLinux:
      break;
  }
  return {};
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// The lines of a layout's drawing after its first line.
std::vector<std::string_view> find_drawing(std::string_view text, std::string_view layout) {
  std::vector<std::string_view> lines;
  bool inside = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (inside && line.empty()) break;
    if (inside) lines.push_back(line);
    const auto names = words(line);
    inside = inside || (!line.starts_with('#') && std::ranges::count(names, layout) > 0 &&
                        names.front() != layout && line[0] >= 'a');
  }
  return lines;
}

Stroke stroke_at(std::uint8_t usage, unsigned level) {
  Stroke stroke{usage, {}};
  std::size_t held = 0;
  if ((level & kShift) != 0) stroke.held[held++] = kLeftShift;
  if ((level & kAltGr) != 0) stroke.held[held++] = kRightAlt;
  return stroke;
}

// The level that the held keys choose. nullopt: another key is held.
std::optional<unsigned> level_of(const Stroke& stroke) {
  unsigned level = 0;
  for (const std::uint8_t held : stroke.held) {
    if (held == kLeftShift || held == kRightShift)
      level |= kShift;
    else if (held == kRightAlt)
      level |= kAltGr;
    else if (held != 0)
      return std::nullopt;
  }
  return level;
}

}  // namespace

std::optional<TargetKeys> TargetKeys::find(Target target, std::string_view layout) {
  const auto lines = find_drawing(drawings(target), layout);
  if (lines.empty()) return std::nullopt;
  TargetKeys keys;
  for (const std::string_view line : lines)
    line[0] == '+' ? keys.read_compositions(line) : keys.read_level(line);
  for (unsigned level = 0; level < 4; ++level) keys.cells_[{kSpace, level & kShift}] = {U' '};
  if (target == Target::kMacIso) keys.swap_iso_keys();
  return keys;
}

void TargetKeys::read_level(std::string_view line) {
  const auto parts = words(line);
  const auto level = static_cast<unsigned>(line[0] - '0');
  for (std::size_t row = 0; row < kRows.size() && row + 1 < parts.size(); ++row) {
    std::string_view left = parts[row + 1];
    for (std::size_t column = 0; column < kRows[row].size() && !left.empty(); ++column) {
      Cell cell{take_utf8(left).value_or(kNothing)};
      if (cell.character == kDeadMark) cell = {take_utf8(left).value_or(kNothing), true};
      if (cell.character != kNothing) cells_[{kRows[row][column], level}] = cell;
    }
  }
}

void TargetKeys::read_compositions(std::string_view line) {
  line.remove_prefix(2);
  const char32_t accent = take_utf8(line).value_or(0);
  while (!line.empty()) {
    const char32_t character = take_utf8(line).value_or(0);
    compositions_[{accent, character}] = take_utf8(line).value_or(0);
  }
}

void TargetKeys::swap_iso_keys() {
  for (unsigned level = 0; level < 4; ++level)
    std::swap(cells_[{kGrave, level}], cells_[{kIso, level}]);
  std::erase_if(cells_, [](const auto& each) { return each.second.character == 0; });
}

std::optional<TargetKeys::Cell> TargetKeys::cell(const Stroke& stroke) const {
  const auto level = level_of(stroke);
  const auto found = level ? cells_.find({stroke.key, *level}) : cells_.end();
  return found == cells_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<char32_t> TargetKeys::composed(char32_t accent, char32_t character) const {
  const auto found = compositions_.find({accent, character});
  if (found != compositions_.end()) return found->second;
  return character == U' ' ? std::optional(accent) : std::nullopt;
}

std::optional<char32_t> TargetKeys::typed(const Strokes& strokes) const {
  if (strokes.empty() || strokes.size() > 2) return std::nullopt;
  const auto first = cell(strokes[0]);
  if (!first || first->dead != (strokes.size() == 2)) return std::nullopt;
  if (!first->dead) return first->character;
  const auto second = cell(strokes[1]);
  if (!second || second->dead) return std::nullopt;
  return composed(first->character, second->character);
}

std::optional<char32_t> TargetKeys::waits(const Strokes& strokes) const {
  const auto only = strokes.size() == 1 ? cell(strokes[0]) : std::nullopt;
  return only && only->dead ? composed(only->character, U' ') : std::nullopt;
}

bool TargetKeys::follows(const Stroke& dead, const Stroke& next) const {
  const auto first = cell(dead), second = cell(next);
  return first && second && !second->dead && !composed(first->character, second->character);
}

CharacterTable TargetKeys::characters() const {
  std::vector<std::pair<Stroke, Cell>> sorted;
  for (const auto& [place, cell] : cells_)
    sorted.emplace_back(stroke_at(place.first, place.second), cell);
  std::ranges::stable_sort(sorted, {}, [](const auto& each) { return order(each.first); });
  CharacterTable found;
  for (const auto& [stroke, cell] : sorted)
    if (!cell.dead) found.try_emplace(cell.character, Strokes{stroke});
  const CharacterTable single = found;
  const auto add = [&](const Stroke& dead, char32_t second, char32_t result) {
    const auto next = single.find(second);
    if (next != single.end()) found.try_emplace(result, Strokes{dead, next->second.front()});
  };
  for (const auto& [stroke, cell] : sorted) {
    if (!cell.dead) continue;
    if (const auto alone = composed(cell.character, U' ')) add(stroke, U' ', *alone);
    for (const auto& [pair, result] : compositions_)
      if (pair.first == cell.character) add(stroke, pair.second, result);
  }
  return found;
}

}  // namespace kvm
