// Finds the keys for a text: by a layout, or by other means for characters that the layout lacks.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "keys/layout.h"

namespace kvm {

// How the target's system accepts a character by its number.
enum class HexInput : std::uint8_t {
  kNone,
  kLinux,    // ctrl+shift+u, hex digits, space (GTK, IBus)
  kWindows,  // alt held: keypad +, hex digits (registry: EnableHexNumpad)
  kMac,      // option held: UTF-16 in hex (input source "Unicode Hex Input")
};

struct TypistOptions {
  HexInput hex_input = HexInput::kNone;
  // Text to type instead of a character, even if the layout has the character.
  std::map<char32_t, std::string> replace{};
  bool skip = false;  // leave out characters that cannot be typed
  bool operator==(const TypistOptions&) const = default;
};

class Typist {
 public:
  explicit Typist(Layout layout, TypistOptions options = {});

  const Layout& layout() const noexcept { return layout_; }
  const TypistOptions& options() const noexcept { return options_; }
  // Replaces the layout only; the options stay.
  void set_layout(Layout layout) { layout_ = std::move(layout); }

  // The keys for one character. nullopt: it cannot be typed. Empty: it is left out.
  std::optional<Strokes> strokes(char32_t character) const;
  // The characters of `text` that the keys of strokes() do not give on other systems than XKB's.
  // Throws as each_character() does.
  std::map<Target, std::set<char32_t>> disputed(std::string_view text) const;
  // The characters of `text` that cannot be typed, in order. Throws as each_character() does.
  std::vector<Untypable> untypable(std::string_view text) const;

 private:
  std::optional<Strokes> plain(char32_t character) const;
  std::optional<Strokes> by_number(char32_t character) const;

  Layout layout_;
  TypistOptions options_;
};

// The number of a character and, if a terminal can show it, the character: "'é' (U+00E9)".
std::string to_text(char32_t character);
// One stroke as an action line names it: "rightalt+e".
std::string to_text(const Stroke& stroke);

// A line for each different character of `text`, with the keys that type it: "'ê' (U+00EA):
// leftbrace e". Throws as each_character() does.
std::string explain(const Typist& typist, std::string_view text);

}  // namespace kvm
