// The levels of a keymap: which keys give a keysym while others are held.
#pragma once

#include <vector>

#include "keys/layout.h"
#include "keys/xkb.h"

namespace kvm {

// A keysym, and a stroke that gives it.
struct Step {
  xkb_keysym_t keysym;
  Stroke stroke;
  // What is held counts as a key in Compose sequences: libxkbcommon takes only the older of XKB's
  // modifiers for such, not ISO_Level5_Shift. Such a key cannot go down within a sequence.
  bool interrupts;
};

// All that the keys give on all levels, the simplest strokes first.
std::vector<Step> find_steps(xkb_keymap* keymap);

// The keypad's own keysyms ("KP_1", "KP_Enter"), each with its key: NumLock decides which of its
// two a key gives, so that these are no way to type a character.
std::vector<Step> find_keypad_steps(xkb_keymap* keymap);

// How far a stroke is from what fingers do first.
int cost(const Stroke& stroke) noexcept;

}  // namespace kvm
