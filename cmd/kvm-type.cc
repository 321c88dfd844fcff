// kvm-type: types text, or plays action lines, on the target's USB keyboard and mice.
#include <cstdlib>

#include "base/text.h"
#include "cli.h"
#include "keys/key_names.h"
#include "keys/keyboard_status.h"
#include "keys/layout_list.h"
#include "keys/replacement.h"
#include "type/typing.h"

namespace kvm {
namespace {

constexpr const char* kKeysHint = "see kvm-type --list-keys";
constexpr const char* kLayoutsHint = "see kvm-type --list-layouts [--target TARGET]";

// The options. Those outside `typing` are texts and numbers that typing_options() converts.
struct CommandLine {
  TypingOptions typing;
  std::vector<std::string> chords, replace;
  std::string target, unicode;
  std::optional<std::string> pointer_area;
  int delay_ms = 0, hold_ms = 0;
  int modifier_delay_ms = -1;  // -1: not given
  double timeout_s = 5;
  bool actions = false, wait = false, no_wait = false;
  bool explain = false, list_keys = false, list_layouts = false;
};

std::vector<Chord> parse_chords(const std::vector<std::string>& arguments) {
  std::vector<Chord> chords;
  for (const std::string& argument : arguments) {
    const auto chord_words = words(argument);
    if (chord_words.empty()) throw Error(Exit::kUsage, "-k: needs a key, such as ctrl+alt+delete");
    for (const std::string_view word : chord_words) {
      auto chord = parse_chord(word);
      if (const auto* error = std::get_if<ActionError>(&chord))
        throw Error(Exit::kUsage, "-k: " + error->why,
                    error->kind == ActionError::kUnknownKey ? kKeysHint : "");
      chords.push_back(std::get<Chord>(std::move(chord)));
    }
  }
  return chords;
}

std::map<char32_t, std::string> parse_replace(const std::vector<std::string>& arguments) {
  std::map<char32_t, std::string> replace;
  for (const std::string& argument : arguments) {
    auto replacement = read_replacement(argument);
    if (!replacement)
      throw Error(Exit::kUsage, "--replace: needs CHAR=TEXT in UTF-8, such as €=EUR");
    replace[replacement->character] = std::move(replacement->text);
  }
  return replace;
}

PointerArea parse_pointer_area(const std::string& argument) {
  std::vector<double> numbers;
  for (const std::string_view part : split(argument, ','))
    numbers.push_back(parse_number<double>(part).value_or(-1));
  const bool four = numbers.size() == 4;
  const PointerArea area =
      four ? PointerArea{numbers[0], numbers[1], numbers[2], numbers[3]} : PointerArea{};
  if (!four || !area.is_within_screen())
    throw Error(
        Exit::kUsage,
        "--pointer-area " + argument +
            ": needs X,Y,W,H, parts of the whole desktop from 0.0 to 1.0, such as 0.5,0,0.5,1");
  return area;
}

TypingOptions typing_options(const CommandLine& line) {
  using std::chrono::milliseconds;
  TypingOptions typing = line.typing;
  if (!line.target.empty()) typing.layout = with_target_of(typing.layout, "@" + line.target);
  typing.chords = parse_chords(line.chords);
  if (line.actions) typing.input = TypingInput::kActions;
  if (!typing.chords.empty()) typing.input = TypingInput::kChords;
  typing.typist.replace = parse_replace(line.replace);
  typing.typist.hex_input = hex_input_named(line.unicode).value_or(HexInput::kNone);
  typing.player.key_delay = typing.player.type_delay = milliseconds(line.delay_ms);
  typing.player.key_hold = typing.player.type_hold = milliseconds(line.hold_ms);
  if (line.modifier_delay_ms >= 0)
    typing.player.modifier_delay = milliseconds(line.modifier_delay_ms);
  if (line.pointer_area) typing.player.pointer_area = parse_pointer_area(*line.pointer_area);
  typing.link.timeout = milliseconds(static_cast<int>(line.timeout_s * 1000));
  if (line.wait || line.timeout_s == 0) typing.link.timeout.reset();
  typing.link.queue = !line.no_wait;
  typing.link.no_host_hint += " --wait waits for it";
  typing.link.asleep_hint = "--wake wakes it if it allows that";
  typing.link.no_gadget_hint += ", --wait waits for it";
  typing.session.hints = {kKeysHint, kLayoutsHint};
  typing.replace_option = "--replace";
  typing.untypable_hint = "--skip, --replace, --unicode or another -l or --target helps";
  typing.disputed_hint = "--target tells which system it is";
  return typing;
}

Exit print_keys() {
  for (const auto keys : {all_keys(), keys_in_controls_only()})
    for (const Key& key : keys) std::printf("%-18s k:%d\n", key.name, key.code);
  return Exit::kDone;
}

Exit print_layouts(const std::string& target) {
  for (const LayoutName& name : list_layouts(find_target(target).value_or(Target::kAuto)))
    std::printf("%-24s %s\n", to_text(name).c_str(), name.title.c_str());
  return Exit::kDone;
}

Exit run(const CommandLine& line) {
  if (line.list_keys) return print_keys();
  if (line.list_layouts) return print_layouts(line.target);
  const TypingOptions typing = typing_options(line);
  return line.explain ? explain(typing) : type(typing);
}

void add_options(CLI::App& app, CommandLine& line) {
  TypingOptions& typing = line.typing;
  auto* key =
      app.add_option("-k,--key", line.chords, "Press and release CHORD, such as ctrl+alt+delete")
          ->type_name("CHORD")
          ->allow_extra_args(false);
  app.add_flag("-a,--actions", line.actions, "Read action lines, not text")->excludes("--key");
  app.add_option("-f,--file", typing.file, "Read FILE (default: -, stdin)")->type_name("FILE");
  app.add_option("-l,--layout", typing.layout,
                 "Keyboard layout of the target (default: $KVM_LAYOUT, else us)")
      ->type_name("LAYOUT[:VARIANT]");
  app.add_option("--target", line.target,
                 "The target's system: its layout has other keys on each (default: auto)")
      ->type_name("auto|linux|console|windows|mac|mac-iso")
      ->check(
          CLI::IsMember({"auto", "linux", "console", "windows", "mac", "mac-iso"}).description(""));
  app.add_option("--replace", line.replace, "Type TEXT for the character CHAR")
      ->type_name("CHAR=TEXT")
      ->allow_extra_args(false);
  app.add_flag("--skip", typing.typist.skip,
               "Leave out characters that the layout has no keys for");
  app.add_option("--unicode", line.unicode,
                 "Enter characters without keys by code point, with this system's method")
      ->type_name("linux|windows|mac")
      ->check(CLI::IsMember({"linux", "windows", "mac"}).description(""));
  app.add_option("--rate", typing.player.rate,
                 "At most N characters a second (default: as many as the host takes)")
      ->type_name("N")
      ->check(number_from(0.01, 10'000.0));
  app.add_option("--delay", line.delay_ms, "Wait MS milliseconds after each key (default: 0)")
      ->type_name("MS")
      ->check(number_from(0, 60'000));
  app.add_option("--hold", line.hold_ms, "Hold each key for MS milliseconds (default: 0)")
      ->type_name("MS")
      ->check(number_from(0, 60'000));
  app.add_option("--modifier-delay", line.modifier_delay_ms,
                 "Send modifiers apart from the key, MS before and after it")
      ->type_name("MS")
      ->check(number_from(0, 60'000));
  app.add_option("--pointer-area", line.pointer_area,
                 "The part of the target's desktop that the picture shows (default: 0,0,1,1)")
      ->type_name("X,Y,W,H")
      ->needs("--actions");
  app.add_option("--verify-leds", typing.player.verify_leds,
                 "Every N characters, check that NumLock responds (default: never)")
      ->type_name("N")
      ->check(number_from(1, 1'000'000'000));
  app.add_option("--timeout", line.timeout_s,
                 "Give up after SECONDS without progress; 0: never (default: 5)")
      ->type_name("SECONDS")
      ->check(number_from(0.0, 86'400.0));
  app.add_flag("--wait", line.wait, "Wait for a gadget and a host, however long")
      ->excludes("--timeout");
  app.add_flag("--no-wait", line.no_wait, "Do not wait while another kvm-type is typing");
  app.add_flag("--wake", typing.link.wake, "Wake the target if it is asleep");
  app.add_flag("--ack", typing.session.acknowledge,
               "Answer each action line: ok, or error: and the reason")
      ->needs("--actions");
  app.add_option("--status", typing.session.status_file,
                 "Write JSON lines about keyboard and LEDs to FILE")
      ->type_name("FILE")
      ->needs("--actions");
  app.add_flag("--dry-run", typing.dry_run, "Print the reports instead of sending them");
  auto* explain =
      app.add_flag("--explain", line.explain, "Print which keys type each character and exit");
  auto* layouts =
      app.add_flag("--list-layouts", line.list_layouts, "List the keyboard layouts and exit");
  auto* keys = app.add_flag("--list-keys", line.list_keys, "List the names of keys and exit");
  app.add_flag("-v,--verbose", typing.verbose, "Report how many characters arrived and how fast");

  // Combinations in which an option would have no effect.
  for (const char* text_option :
       {"--file", "--replace", "--skip", "--unicode", "--rate", "--verify-leds"})
    key->excludes(text_option);
  for (CLI::Option* other : app.get_options()) {
    const std::string name = other->get_single_name();
    if (name == "help") continue;
    for (CLI::Option* list : {layouts, keys})
      if (other != list && (list == keys || name != "target")) list->excludes(other);
    const bool text_option = name == "file" || name == "layout" || name == "target" ||
                             name == "replace" || name == "skip" || name == "unicode";
    if (!text_option && other != explain) explain->excludes(other);
  }
}

}  // namespace
}  // namespace kvm

int main(int argc, char** argv) {
  using namespace kvm;
  CLI::App app("Types on the target's USB keyboard and mice: text, or action lines.", "kvm-type");
  CommandLine line;
  if (const char* layout = std::getenv("KVM_LAYOUT"); layout && *layout)
    line.typing.layout = layout;
  add_options(app, line);
  return run_cli(app, argc, argv, [&] { return run(line); });
}
