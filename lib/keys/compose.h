// Characters that take several keys: dead keys and Compose sequences.
#pragma once

#include <unordered_map>

#include "keys/levels.h"

namespace kvm {

class Agreement;
using KeysymTable = std::unordered_map<xkb_keysym_t, Step>;

// Adds to `found` the characters that two to four of the layout's strokes give through X11's
// en_US.UTF-8 table. Characters that `found` already has keep their strokes unless a dead key is
// right on more systems. Adds nothing where libX11's data is not installed.
void add_composed(xkb_context* context, const KeysymTable& keys, const Agreement& agreement,
                  CharacterTable& found);

}  // namespace kvm
