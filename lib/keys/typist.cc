#include "keys/typist.h"

#include "base/text.h"
#include "keys/key_names.h"

namespace kvm {
namespace {

std::uint8_t usage(std::string_view name) {
  return find_key(name)->usage;
}

std::uint8_t keypad_digit(char digit) {
  return usage("kp" + std::string(1, digit));
}

// The UTF-16 code units in hex, as the input source of macOS takes them.
std::string utf16_hex(char32_t character) {
  if (character < 0x10000) return strf("%04x", static_cast<unsigned>(character));
  const unsigned rest = static_cast<unsigned>(character) - 0x10000;
  return strf("%04x%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
}

}  // namespace

Typist::Typist(Layout layout, TypistOptions options)
    : layout_(std::move(layout)), options_(std::move(options)) {}

std::optional<Strokes> Typist::strokes(char32_t character) const {
  const auto replaced = options_.replace.find(character);
  if (replaced == options_.replace.end()) return plain(character);
  Strokes all;
  bool complete = true;
  each_character(replaced->second, [&](char32_t part, std::size_t, std::size_t) {
    if (const auto strokes = plain(part))
      all.insert(all.end(), strokes->begin(), strokes->end());
    else
      complete = false;
  });
  return complete ? std::optional(all) : std::nullopt;
}

std::map<Target, std::set<char32_t>> Typist::disputed(std::string_view text) const {
  std::map<Target, std::set<char32_t>> found;
  std::set<std::pair<char32_t, char32_t>> seen;
  char32_t character = 0;
  const auto look = [&](char32_t next) {
    if (character == 0 || options_.replace.contains(character)) return;
    if (!seen.emplace(character, next).second) return;
    for (const Target target : layout_.disputed(character, next)) found[target].insert(character);
  };
  each_character(text, [&](char32_t next, std::size_t, std::size_t) {
    look(next);
    character = next;
  });
  look(0);
  return found;
}

std::optional<Strokes> Typist::plain(char32_t character) const {
  if (const Strokes* found = layout_.find(character)) return *found;
  if (auto found = by_number(character)) return found;
  return options_.skip ? std::optional<Strokes>(std::in_place) : std::nullopt;
}

std::optional<Strokes> Typist::by_number(char32_t character) const {
  if (character < 0xa0) return std::nullopt;  // control characters are commands, not text
  Strokes strokes;
  switch (options_.hex_input) {
    case HexInput::kNone:
      return std::nullopt;
    case HexInput::kLinux: {
      const Stroke* u = layout_.find_keysym("u");
      if (!u) return std::nullopt;
      strokes.push_back({u->key, {usage("leftctrl"), usage("leftshift")}});
      for (const char digit : strf("%x ", static_cast<unsigned>(character))) {
        const Strokes* found = layout_.find(static_cast<char32_t>(digit));
        if (!found) return std::nullopt;
        strokes.insert(strokes.end(), found->begin(), found->end());
      }
      return strokes;
    }
    case HexInput::kWindows: {
      strokes.push_back({usage("kpplus"), {usage("leftalt")}, true});
      for (const char digit : strf("%x", static_cast<unsigned>(character))) {
        // The layout decides where letters are. The keypad's digits are the same on all layouts.
        const Stroke* letter = digit >= 'a' ? layout_.find_keysym(std::string(1, digit)) : nullptr;
        if (digit >= 'a' && !letter) return std::nullopt;
        strokes.push_back({letter ? letter->key : keypad_digit(digit), {usage("leftalt")}, true});
      }
      break;
    }
    case HexInput::kMac:
      // This input source is a layout of its own, with the keys where US keyboards have them.
      for (const char digit : utf16_hex(character))
        strokes.push_back({usage({&digit, 1}), {usage("leftalt")}, true});
      break;
  }
  strokes.back().keep_held = false;
  return strokes;
}

std::vector<Untypable> Typist::untypable(std::string_view text) const {
  std::vector<Untypable> found;
  each_character(text, [&](char32_t character, std::size_t line, std::size_t column) {
    if (!strokes(character)) found.push_back({character, line, column});
  });
  return found;
}

std::string to_text(char32_t character) {
  std::string shown;
  append_utf8(shown, character);
  if (printable(shown) != shown) return strf("U+%04X", static_cast<unsigned>(character));
  return strf("'%s' (U+%04X)", shown.c_str(), static_cast<unsigned>(character));
}

std::string explain(const Typist& typist, std::string_view text) {
  std::string all;
  std::set<char32_t> seen;
  each_character(text, [&](char32_t character, std::size_t, std::size_t) {
    if (!seen.insert(character).second) return;
    all += to_text(character) + ":";
    const auto strokes = typist.strokes(character);
    if (!strokes) all += " no keys";
    if (strokes && strokes->empty()) all += " left out";
    for (const Stroke& stroke : strokes.value_or(Strokes())) all += " " + to_text(stroke);
    all += "\n";
  });
  return all;
}

std::string to_text(const Stroke& stroke) {
  std::string text;
  for (const std::uint8_t held : stroke.held) {
    if (const Key* key = held ? find_key_usage(held) : nullptr)
      text += std::string(key->name) + "+";
  }
  const Key* key = find_key_usage(stroke.key);
  return text + (key ? key->name : "?");
}

}  // namespace kvm
