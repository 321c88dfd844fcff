// Characters that take several keys: dead keys and Compose sequences.
#pragma once

#include <unordered_map>

#include "keys/levels.h"

namespace kvm {

using KeysymTable = std::unordered_map<xkb_keysym_t, Step>;
using CharacterTable = std::unordered_map<char32_t, Strokes>;

// Adds to `found` what the keys of a layout give through X11's en_US.UTF-8 table and is not there
// yet, by two strokes to four. Without libX11's data there is none.
void add_composed(xkb_context* context, const KeysymTable& keys, CharacterTable& found);

}  // namespace kvm
