// The legends printed on the keys of a layout, for an on-screen keyboard.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "keys/key_names.h"

namespace kvm {

struct Legend {
  const Key* key;
  // The characters that the key types, as UTF-8: plain, with Shift, with AltGr, with both. A dead
  // key shows its accent. "": the key types nothing visible.
  std::array<std::string, 4> levels;
};

// The legends of all keys that have one; the keypad and the space bar have none. `layout` is named
// as Layout() takes it. Throws Error as Layout() does.
std::vector<Legend> legends(const std::string& layout);

}  // namespace kvm
