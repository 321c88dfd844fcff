// Characters that take several keys: dead keys and Compose sequences.
#pragma once

#include <unordered_map>

#include "keys/levels.h"

namespace kvm {

using KeysymTable = std::unordered_map<xkb_keysym_t, Step>;
using CharacterTable = std::unordered_map<char32_t, Strokes>;

// Adds to `found` the characters that two to four of the layout's strokes give through X11's
// en_US.UTF-8 table. Characters that `found` already has keep their strokes. Adds nothing where
// libX11's data is not installed.
void add_composed(xkb_context* context, const KeysymTable& keys, CharacterTable& found);

}  // namespace kvm
