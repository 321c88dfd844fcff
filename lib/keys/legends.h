// What is printed on the keys of a layout, for a keyboard on a screen.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "keys/key_names.h"

namespace kvm {

struct Legend {
  const Key* key;
  // What it types, as UTF-8: plain, with Shift, with AltGr, with both. A dead key shows its accent;
  // "": nothing, or nothing that can be seen.
  std::array<std::string, 4> levels;
};

// Those keys that have any; the keypad and the space bar have none. `layout` is named as
// Layout(name) takes it. Throws Error as it does.
std::vector<Legend> legends(const std::string& layout);

}  // namespace kvm
