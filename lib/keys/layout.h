// Which keys type a character: an XKB layout in reverse (libxkbcommon, xkb-data), or what is known
// about the layout on another system.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "keys/target.h"

namespace kvm {

// One key that is pressed and released while other keys are held. Keys are given as HID usages
// (keys/key_names.h).
struct Stroke {
  std::uint8_t key = 0;
  std::array<std::uint8_t, 3> held{};  // shift, AltGr…; 0 after the last
  bool keep_held = false;              // `held` stays down for the next stroke
  bool operator==(const Stroke&) const = default;
};
using Strokes = std::vector<Stroke>;
using CharacterTable = std::unordered_map<char32_t, Strokes>;

// A character that a layout has no keys for, and its position in the text: line and column, counted
// from 1, columns in characters.
struct Untypable {
  char32_t character;
  std::size_t line, column;
};

// One compiled layout. Not thread-safe.
class Layout {
 public:
  // LAYOUT[:VARIANT] as list_layouts() names them, and the target: "us", "de:nodeadkeys",
  // "us:intl@windows". A layout that xkb-data renamed is found under both names. Throws Error
  // (Exit::kUsage) if xkb-data has no such layout, or if nothing is known about the layout on this
  // target.
  explicit Layout(const std::string& name);
  // A layout with this name that types only line feed and tab, for a layout that xkb-data lacks.
  static Layout without_keys(const std::string& name);
  ~Layout();
  Layout(Layout&&) noexcept;
  Layout& operator=(Layout&&) noexcept;

  const std::string& name() const noexcept;

  // The way to type the character: one key, else dead keys or Compose, for which an XKB target is
  // assumed to use X11's en_US.UTF-8 table. If there are several ways, that which is right on most
  // systems, else the shortest (keys/agreement.h). Line feed is Enter, tab is Tab. nullptr: the
  // layout cannot type it.
  const Strokes* find(char32_t character) const;
  // The key that gives this keysym ("Return", "exclam"), with the keys to hold; nullptr: there is
  // no such key.
  const Stroke* find_keysym(const std::string& keysym) const;

  // The systems on which the keys of find() do not give the character if those of `next` follow
  // (0: nothing follows). Empty if the layout is for one target.
  std::vector<Target> disputed(char32_t character, char32_t next) const;

  // All characters that find() finds, sorted by code point.
  std::vector<char32_t> repertoire() const;

 private:
  struct Tables;
  explicit Layout(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

// Calls `body` for each character of UTF-8 text. Any line end (LF, CRLF, CR) is one line feed.
// Throws Error (Exit::kData) at invalid UTF-8.
void each_character(
    std::string_view text,
    const std::function<void(char32_t character, std::size_t line, std::size_t column)>& body);

// The characters of `text` that the layout cannot type, in order. Throws as each_character() does.
std::vector<Untypable> untypable(const Layout& layout, std::string_view text);

}  // namespace kvm
