// What the keys of a layout give on a system that does not use XKB's layouts.
//
// The facts are drawn in targets/*.inc. A drawing is a line "TARGET LAYOUT…", then up to four lines
// that begin with the level: 0 plain, 1 Shift, 2 AltGr (Option), 3 both. Each has the four rows of
// the keyboard: ` to = and then the Yen key; q to ]; a to \; the key right of the left Shift, then
// z to / and the Ro key. □ is a key that gives nothing or is not known, and ◌ says that the next
// character is a dead key. A line "+" has a dead key and then pairs: a character and what it
// becomes after the dead key. If the space bar is not among them, it gives the accent itself.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "keys/layout.h"
#include "keys/target.h"

namespace kvm {

class TargetKeys {
 public:
  // nullopt: the drawings do not have this layout of the target.
  static std::optional<TargetKeys> find(Target target, std::string_view layout);

  // The character that the strokes give. nullopt: none, several, or it is not known.
  std::optional<char32_t> typed(const Strokes& strokes) const;
  // The character that they give if a space follows, because they are a dead key.
  std::optional<char32_t> waits(const Strokes& strokes) const;
  // Whether `next` gives its own character after this dead key, and the dead key its accent.
  bool follows(const Stroke& dead, const Stroke& next) const;
  // The simplest way to type each character.
  CharacterTable characters() const;

 private:
  struct Cell {
    char32_t character = 0;
    bool dead = false;
  };
  // Usage of the key and level.
  using Place = std::pair<std::uint8_t, unsigned>;

  void read_level(std::string_view line);
  void read_compositions(std::string_view line);
  void swap_iso_keys();
  std::optional<Cell> cell(const Stroke& stroke) const;
  std::optional<char32_t> composed(char32_t accent, char32_t character) const;

  std::map<Place, Cell> cells_;
  std::map<std::pair<char32_t, char32_t>, char32_t> compositions_;  // of an accent and a character
};

}  // namespace kvm
