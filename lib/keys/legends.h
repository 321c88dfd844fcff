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

// The legends of all keys that have one; the keypad and the space bar have none. `layout` and
// errors are as for the constructor of Layout.
std::vector<Legend> legends(const std::string& layout);

}  // namespace kvm
