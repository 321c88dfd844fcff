// Which keys type a character: the reverse of what an XKB layout does (libxkbcommon, xkb-data).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvm {

// One key pressed and released while others are held. All are HID usages (keys/key_names.h).
struct Stroke {
  std::uint8_t key = 0;
  std::array<std::uint8_t, 3> held{};  // shift, AltGr…; 0 after the last
  bool keep_held = false;              // `held` stays down until a stroke that does not say so
  bool operator==(const Stroke&) const = default;
};
using Strokes = std::vector<Stroke>;

// A character that a layout has no keys for, and where it stands. Both count from 1, in characters.
struct Untypable {
  char32_t character;
  std::size_t line, column;
};

// One compiled layout. Not for use from two threads at once.
class Layout {
 public:
  // "us", "us:intl", "de:nodeadkeys": LAYOUT[:VARIANT] as --list-layouts names them.
  // Throws Error (Exit::kUsage) where xkb-data has no such layout.
  explicit Layout(const std::string& name);
  ~Layout();
  Layout(Layout&&) noexcept;
  Layout& operator=(Layout&&) noexcept;

  const std::string& name() const noexcept;

  // The shortest way to type it: one key, else dead keys or Compose (the target's own table is
  // taken to be X11's en_US.UTF-8). Line feed is Enter, tab is Tab. nullptr: there is none.
  const Strokes* find(char32_t character) const;
  // The key that has this keysym ("Return", "exclam"), with what is to be held; nullptr: none.
  const Stroke* find_keysym(const std::string& keysym) const;

  // Everything that find() knows, ordered.
  std::vector<char32_t> repertoire() const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

// Calls `body` for each character of UTF-8 text. Any line end (LF, CRLF, CR) is one line feed.
// Throws Error (Exit::kData) at what is not UTF-8.
void each_character(
    std::string_view text,
    const std::function<void(char32_t character, std::size_t line, std::size_t column)>& body);

// All of them, in order. Throws as each_character() does.
std::vector<Untypable> untypable(const Layout& layout, std::string_view text);

}  // namespace kvm
