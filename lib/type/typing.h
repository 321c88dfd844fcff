// Everything that kvm-type does once its options are read: opens the input and the devices, plays
// the input on the devices, and releases everything at the end.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "keys/action.h"
#include "keys/typist.h"
#include "type/hid_link.h"
#include "type/player.h"
#include "type/session.h"

namespace kvm {

enum class TypingInput {
  kText,     // the file is text, typed as it is
  kActions,  // the file is action lines
  kChords,   // no file: `chords` are pressed and released in order
};

struct TypingOptions {
  TypingInput input = TypingInput::kText;
  std::string file = "-";  // "-": stdin
  std::vector<Chord> chords;
  std::string layout = "us";  // as Layout takes it: "fr@windows"
  TypistOptions typist;
  PlayerOptions player;
  HidLinkOptions link;
  SessionOptions session;  // for kActions; hints.layouts is also for an unknown `layout`
  bool dry_run = false;    // print the reports instead of sending them
  bool verbose = false;    // say how many characters arrived and how fast
  // What to try when the layout lacks characters of the text. Empty: the error gives no hint.
  std::string untypable_hint;
  // The option that names a text to type instead of a character, for the same error.
  std::string replace_option;
  // What to try when the target's system needs other keys for the text.
  std::string disputed_hint;
};

// Plays the input to its end and releases everything on every way out. Throws Error; nothing is
// pressed if the layout, the text or a chord is wrong.
Exit type(const TypingOptions& options);

// Prints which keys type each character of the text in `options.file`. Exit::kData: the layout has
// no keys for some of them. Throws Error.
Exit explain(const TypingOptions& options);

}  // namespace kvm
