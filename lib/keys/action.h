// The language of action lines: dotool(1)'s, plus `sleep`, `releaseall`, `wake` and `layout`
// (kvm(7), ACTIONS).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kvm {

// A key as a line names it: by its Linux name or `k:` code, or by its `x:` XKB keysym name, which
// only a layout can turn into a key.
struct KeyName {
  std::uint16_t code = 0;  // Linux input event code (linux/input-event-codes.h); 0: look up keysym
  std::string keysym;      // "Return", as xkb_keysym_from_name takes it
  bool operator==(const KeyName&) const = default;
};

// "ctrl+alt+delete": modifiers first, the key last. "A" is leftshift and a; "ctrl+A" is "ctrl+a".
struct Chord {
  std::vector<KeyName> keys;  // never empty
  bool operator==(const Chord&) const = default;
};

enum class Button : std::uint8_t { kLeft, kRight, kMiddle, kBack, kForward };  // HID button 1–5

enum class Verb : std::uint8_t {
  kKey,
  kKeyDown,
  kKeyUp,
  kType,
  kClick,
  kButtonDown,
  kButtonUp,
  kWheel,
  kHWheel,
  kMouseTo,
  kMouseMove,
  kKeyDelay,
  kKeyHold,
  kTypeDelay,
  kTypeHold,
  kSleep,
  kReleaseAll,
  kWake,
  kLayout,
};

// One checked line. The verb decides which other members hold a value.
struct Action {
  Verb verb;
  std::vector<Chord> chords;  // kKey, kKeyDown, kKeyUp
  std::string text;           // kType: UTF-8; kLayout: LAYOUT[:VARIANT][@TARGET]
  Button button = Button::kLeft;
  double x = 0, y = 0;  // kMouseTo: 0.0–1.0 of the screen, clamped
  // kMouseMove: counts, right and down positive. kWheel and kHWheel: notches in dx, up and right
  // positive.
  int dx = 0, dy = 0;
  // kKeyDelay … kTypeHold, kSleep. -1 (also for kLayout): the line has no argument, so the setting
  // from kvm-type's options is restored.
  int ms = 0;
};

struct ActionError {
  // Which kind of name was unknown, so that a tool can say how to list the known names.
  enum Kind { kOther, kUnknownKey, kUnknownLayout };

  std::string why;  // "unknown key 'ctlr'"; never holds typed text
  Kind kind = kOther;
};

// What a tool says about such an error: how to list the known names. Empty: it says nothing.
struct ActionHints {
  std::string keys{}, layouts{};

  // The hint for an error of this kind; empty: the tool gives no hint.
  const std::string& of(ActionError::Kind kind) const noexcept;
};

// Keys joined by +, such as "ctrl+alt+delete".
std::variant<Chord, ActionError> parse_chord(std::string_view word);

// Parses one line, with or without its line end. An empty line or a comment (#) gives
// std::monostate. Buttons may be given by number: 1 left, 2 middle, 3 right, 4 back, 5 forward.
// Numbers may have a sign and decimals, as in dotool.
std::variant<std::monostate, Action, ActionError> parse_action(std::string_view line);

}  // namespace kvm
