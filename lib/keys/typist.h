// What a text is on a keyboard: a layout, and what to do with characters that it has not.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keys/layout.h"

namespace kvm {

// How a target takes a character by its number.
enum class HexInput : std::uint8_t {
  kNone,
  kLinux,    // ctrl+shift+u, hex digits, space (GTK, IBus)
  kWindows,  // alt held: keypad +, hex digits (registry: EnableHexNumpad)
  kMac,      // option held: UTF-16 in hex (input source "Unicode Hex Input")
};

struct TypistOptions {
  HexInput hex_input = HexInput::kNone;
  std::map<char32_t, std::string> replace{};  // typed instead, whether the layout has it or not
  bool skip = false;                          // leave out what cannot be typed
};

class Typist {
 public:
  explicit Typist(Layout layout, TypistOptions options = {});

  const Layout& layout() const noexcept { return layout_; }
  // For the `layout` action; the options stay.
  void set_layout(Layout layout) { layout_ = std::move(layout); }

  // The keys for one character; nullopt: it cannot be typed. Empty: it is to be left out.
  std::optional<Strokes> strokes(char32_t character) const;
  // All that cannot be typed, in order. Throws Error (Exit::kData) at what is not UTF-8.
  std::vector<Untypable> untypable(std::string_view text) const;

 private:
  std::optional<Strokes> plain(char32_t character) const;
  std::optional<Strokes> by_number(char32_t character) const;

  Layout layout_;
  TypistOptions options_;
};

// For people: the character itself where a terminal can show it, and its number: "'é' (U+00E9)".
std::string to_text(char32_t character);
// "rightalt+e": one stroke as it would stand in an action line.
std::string to_text(const Stroke& stroke);

// Each different character of `text` on a line of its own, and what types it: "'ê' (U+00EA):
// leftbrace e". Throws as each_character() does.
std::string explain(const Typist& typist, std::string_view text);

}  // namespace kvm
