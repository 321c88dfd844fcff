// Which of several ways to type a character is right on most systems.
#pragma once

#include <string_view>
#include <vector>

#include "keys/target_keys.h"

namespace kvm {

class Agreement {
 public:
  // Has no preference: the first way that is found is taken.
  Agreement() = default;
  // Prefers the ways that also work on systems other than XKB. A system whose keymap is another
  // keyboard under the same name does not count: kbd's "ru" starts with Latin letters. If nothing
  // is known about a layout on any other system, prefers plain and shifted keys to AltGr, because
  // these are printed on the keys: XKB adds characters to AltGr. `plain`: what XKB's layout gives.
  Agreement(std::string_view layout, const CharacterTable& plain);

  // How good the way is; best() is good enough to look for no other, for macOS only decides between
  // ways that are as good. These are ways that are right for XKB. A dead key that waits for a space
  // counts half, because most characters can follow it.
  int of(char32_t character, const Strokes& strokes) const;
  int best() const noexcept { return best_; }

  // Windows and the console, if these strokes do not give the character there. `next`: the key that
  // follows; 0: none does.
  std::vector<Target> against(char32_t character, const Strokes& strokes, Stroke next) const;

 private:
  struct System {
    Target target;
    int weight;
    TargetKeys keys;
  };
  std::vector<System> systems_;
  int best_ = 0;
};

}  // namespace kvm
