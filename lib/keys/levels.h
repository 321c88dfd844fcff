// The levels of a keymap: which keys give a keysym while others are held.
#pragma once

#include <utility>
#include <vector>

#include "keys/layout.h"
#include "keys/xkb.h"

namespace kvm {

// A stroke and the keysym that it gives.
struct Step {
  xkb_keysym_t keysym;
  Stroke stroke;
  // Pressing one of the held keys would break off a Compose sequence. In the middle of a
  // sequence libxkbcommon ignores the older XKB modifiers, but not ISO_Level5_Shift.
  bool interrupts;
};

// The strokes of all keys on all levels, the simplest first. The keypad is left out.
std::vector<Step> find_steps(xkb_keymap* keymap);

// The keypad's own keysyms ("KP_1", "KP_Enter"), each with its key. They are not used to
// type characters, because NumLock decides which of its two keysyms a key gives.
std::vector<Step> find_keypad_steps(xkb_keymap* keymap);

// How hard a stroke is for people's fingers: smaller is more natural.
int cost(const Stroke& stroke) noexcept;

// Sorts strokes, the simplest first. If two keys give a character at the same cost, the letter key
// comes last, because there the character is XKB's addition: French keyboards show @ on AltGr+0,
// and XKB also has it on AltGr+Q.
std::pair<int, bool> order(const Stroke& stroke) noexcept;

}  // namespace kvm
