#include "keys/action.h"

#include <linux/input-event-codes.h>
#include <xkbcommon/xkbcommon.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "keys/key_names.h"
#include "keys/xkb.h"

namespace kvm {
namespace {

enum class Argument : std::uint8_t {
  kNothing,
  kChords,
  kText,
  kButton,
  kNotches,
  kPlace,
  kCounts,
  kMs,
  kOptionalMs,
  kOptionalLayout,
};

struct VerbRow {
  std::string_view name;
  Verb verb;
  Argument argument;
};
constexpr VerbRow kVerbs[] = {
    {"key", Verb::kKey, Argument::kChords},
    {"keydown", Verb::kKeyDown, Argument::kChords},
    {"keyup", Verb::kKeyUp, Argument::kChords},
    {"type", Verb::kType, Argument::kText},
    {"click", Verb::kClick, Argument::kButton},
    {"buttondown", Verb::kButtonDown, Argument::kButton},
    {"buttonup", Verb::kButtonUp, Argument::kButton},
    {"wheel", Verb::kWheel, Argument::kNotches},
    {"hwheel", Verb::kHWheel, Argument::kNotches},
    {"mouseto", Verb::kMouseTo, Argument::kPlace},
    {"mousemove", Verb::kMouseMove, Argument::kCounts},
    {"keydelay", Verb::kKeyDelay, Argument::kOptionalMs},
    {"keyhold", Verb::kKeyHold, Argument::kOptionalMs},
    {"typedelay", Verb::kTypeDelay, Argument::kOptionalMs},
    {"typehold", Verb::kTypeHold, Argument::kOptionalMs},
    {"sleep", Verb::kSleep, Argument::kMs},
    {"releaseall", Verb::kReleaseAll, Argument::kNothing},
    {"wake", Verb::kWake, Argument::kNothing},
    {"layout", Verb::kLayout, Argument::kOptionalLayout},
};

constexpr int kMostMs = 24 * 60 * 60 * 1000;
constexpr double kMostCounts = 1'000'000;

// The name as it may appear in a message: short, and safe for a terminal.
std::string quoted(std::string_view name) {
  return "'" + printable(name.substr(0, 40)) + (name.size() > 40 ? "…'" : "'");
}

std::optional<double> number(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  const auto value = parse_number<double>(word);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::variant<KeyName, ActionError> read_key(std::string_view name) {
  if (name.starts_with("x:")) {
    std::string keysym(name.substr(2));
    if (xkb_keysym_from_name(keysym.c_str(), XKB_KEYSYM_NO_FLAGS) == XKB_KEY_NoSymbol)
      return ActionError{"unknown XKB key " + quoted(name)};
    return KeyName{0, std::move(keysym)};
  }
  const Key* key = nullptr;
  if (name.starts_with("k:")) {
    const auto code = parse_number<std::uint16_t>(name.substr(2));
    key = code ? find_key_code(*code) : nullptr;
  } else {
    key = find_key(name);
  }
  if (!key) return ActionError{"unknown key " + quoted(name), ActionError::kUnknownKey};
  return KeyName{key->code, ""};
}

bool is_capital(std::string_view name) noexcept {
  return name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z';
}

bool is_modifier(const KeyName& name) {
  if (name.keysym.empty()) return is_modifier_usage(find_key_code(name.code)->usage);
  const auto keysym = xkb_keysym_from_name(name.keysym.c_str(), XKB_KEYSYM_NO_FLAGS);
  return (keysym >= XKB_KEY_Shift_L && keysym <= XKB_KEY_Hyper_R) ||
         keysym == XKB_KEY_ISO_Level3_Shift;
}

std::optional<ActionError> read_chords(std::string_view rest, Action& action) {
  for (const std::string_view word : words(rest)) {
    auto chord = parse_chord(word);
    if (auto* error = std::get_if<ActionError>(&chord)) return std::move(*error);
    action.chords.push_back(std::get<Chord>(std::move(chord)));
  }
  if (action.chords.empty()) return ActionError{"needs a key, such as ctrl+c"};
  return std::nullopt;
}

std::optional<ActionError> read_text(std::string_view rest, Action& action) {
  for (std::string_view left = rest; !left.empty();) {
    if (!take_utf8(left))
      return ActionError{strf("invalid UTF-8 at byte %zu", rest.size() - left.size() + 1)};
  }
  action.text = rest;
  return std::nullopt;
}

std::optional<ActionError> read_button(std::string_view word, Action& action) {
  // The numbers are those of dotool and X11, which differ from HID's.
  struct Row {
    std::string_view name, number;
    Button button;
  };
  constexpr Row kRows[] = {{"left", "1", Button::kLeft},
                           {"middle", "2", Button::kMiddle},
                           {"right", "3", Button::kRight},
                           {"back", "4", Button::kBack},
                           {"forward", "5", Button::kForward}};
  for (const Row& row : kRows) {
    if (word != row.name && word != row.number) continue;
    action.button = row.button;
    return std::nullopt;
  }
  return ActionError{"needs one of left, middle, right, back, forward (or 1 to 5)"};
}

std::optional<ActionError> read_counts(std::string_view word, int& counts) {
  const auto value = number(word);
  if (!value || std::abs(*value) > kMostCounts)
    return ActionError{strf("needs numbers up to %.0f, not ", kMostCounts) + quoted(word)};
  counts = static_cast<int>(std::lround(*value));
  return std::nullopt;
}

std::optional<ActionError> read_layout(std::string_view word, Action& action) {
  if (!is_layout_name(word))
    return ActionError{"needs LAYOUT[:VARIANT][@TARGET]", ActionError::kUnknownLayout};
  action.text = word;
  return std::nullopt;
}

std::optional<ActionError> read_numbers(const std::vector<std::string_view>& arguments,
                                        Argument kind, Action& action) {
  if (kind == Argument::kPlace) {
    const auto x = number(arguments[0]), y = number(arguments[1]);
    if (!x || !y) return ActionError{"needs X and Y, each from 0.0 to 1.0"};
    action.x = std::clamp(*x, 0.0, 1.0);
    action.y = std::clamp(*y, 0.0, 1.0);
    return std::nullopt;
  }
  if (kind == Argument::kMs || kind == Argument::kOptionalMs) {
    const auto ms = number(arguments[0]);
    if (!ms || *ms < 0 || *ms > kMostMs)
      return ActionError{"needs milliseconds, not " + quoted(arguments[0])};
    action.ms = static_cast<int>(std::lround(*ms));
    return std::nullopt;
  }
  auto error = read_counts(arguments[0], action.dx);
  if (!error && kind == Argument::kCounts) error = read_counts(arguments[1], action.dy);
  return error;
}

std::optional<ActionError> read_argument(std::string_view rest, Argument kind, Action& action) {
  if (kind == Argument::kText) return read_text(rest, action);
  if (kind == Argument::kChords) return read_chords(rest, action);
  const auto arguments = words(rest);
  if (arguments.empty() && (kind == Argument::kOptionalLayout || kind == Argument::kOptionalMs)) {
    action.ms = -1;
    return std::nullopt;
  }
  const std::size_t wanted = kind == Argument::kNothing                              ? 0
                             : kind == Argument::kPlace || kind == Argument::kCounts ? 2
                                                                                     : 1;
  if (arguments.size() != wanted)
    return ActionError{
        strf("takes %zu argument%s, not %zu", wanted, wanted == 1 ? "" : "s", arguments.size())};
  switch (kind) {
    case Argument::kNothing:
      return std::nullopt;
    case Argument::kButton:
      return read_button(arguments[0], action);
    case Argument::kOptionalLayout:
      return read_layout(arguments[0], action);
    default:
      return read_numbers(arguments, kind, action);
  }
}

}  // namespace

const std::string& ActionHints::of(ActionError::Kind kind) const noexcept {
  static const std::string kNone;
  switch (kind) {
    case ActionError::kUnknownKey:
      return keys;
    case ActionError::kUnknownLayout:
      return layouts;
    case ActionError::kOther:
      break;
  }
  return kNone;
}

std::variant<Chord, ActionError> parse_chord(std::string_view word) {
  const auto names = split(word, '+');
  Chord chord;
  for (const std::string_view name : names) {
    auto key = read_key(name);
    if (auto* error = std::get_if<ActionError>(&key)) return std::move(*error);
    chord.keys.push_back(std::get<KeyName>(std::move(key)));
  }
  // Beside modifiers people write the letter as it is printed on the key: Ctrl+C, Win+L.
  if (std::ranges::any_of(chord.keys, is_modifier)) return chord;
  for (std::size_t i = names.size(); i-- > 0;)
    if (is_capital(names[i]))
      chord.keys.insert(chord.keys.begin() + static_cast<std::ptrdiff_t>(i), {KEY_LEFTSHIFT, ""});
  return chord;
}

std::variant<std::monostate, Action, ActionError> parse_action(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.empty() || line.front() == '#') return std::monostate{};

  // One blank ends the verb. Everything after it is the argument, so `type` keeps its blanks.
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const auto* row = std::ranges::find(kVerbs, line.substr(0, end), &VerbRow::name);
  // An unknown word may be a password typed into the wrong place, so the error does not repeat it.
  if (row == std::end(kVerbs)) return ActionError{"unknown action (see kvm(7), ACTIONS)"};

  Action action{row->verb, {}, {}};
  const std::string_view rest = line.substr(std::min(end + 1, line.size()));
  if (const auto error = read_argument(rest, row->argument, action))
    return ActionError{std::string(row->name) + ": " + error->why, error->kind};
  return action;
}

}  // namespace kvm
