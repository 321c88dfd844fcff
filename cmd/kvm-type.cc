// kvm-type: types text, or plays action lines, on the target's USB keyboard and mice.
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/io.h"
#include "base/line_reader.h"
#include "base/message.h"
#include "base/poller.h"
#include "base/text.h"
#include "cli.h"
#include "keys/key_names.h"
#include "keys/layout_list.h"
#include "type/hid_link.h"
#include "type/player.h"
#include "type/printed_reports.h"
#include "type/status_file.h"

namespace kvm {
namespace {

struct Options {
  std::vector<std::string> chords;
  bool actions = false, ack = false;
  std::string file = "-";
  std::string layout = "us";
  std::vector<std::string> replace;
  bool skip = false;
  std::string unicode;
  double rate = 0;
  int delay_ms = 0, hold_ms = 0, verify_leds = 0;
  double timeout_s = 5;
  bool wait = false, no_wait = false, wake = false;
  std::string status;
  bool dry_run = false, explain = false, list_keys = false, list_layouts = false, verbose = false;
};

std::string input_name(const std::string& file) {
  return file == "-" ? "stdin" : file;
}

bool is_utf8(std::string_view text) {
  while (!text.empty())
    if (!take_utf8(text)) return false;
  return true;
}

TypistOptions typist_options(const Options& options) {
  TypistOptions result;
  result.skip = options.skip;
  if (options.unicode == "linux") result.hex_input = HexInput::kLinux;
  if (options.unicode == "windows") result.hex_input = HexInput::kWindows;
  if (options.unicode == "mac") result.hex_input = HexInput::kMac;
  for (const std::string& argument : options.replace) {
    std::string_view rest = argument;
    const auto character = rest.empty() ? std::nullopt : take_utf8(rest);
    if (!character || !rest.starts_with('='))
      throw Error(Exit::kUsage, "--replace: needs CHAR=TEXT, such as €=EUR");
    const std::string text(rest.substr(1));
    if (!is_utf8(text))
      throw Error(Exit::kUsage, "--replace " + to_text(*character) + ": TEXT is not UTF-8");
    result.replace[*character] = text;
  }
  return result;
}

PlayerOptions player_options(const Options& options) {
  using std::chrono::milliseconds;
  return {.key_delay = milliseconds(options.delay_ms),
          .key_hold = milliseconds(options.hold_ms),
          .type_delay = milliseconds(options.delay_ms),
          .type_hold = milliseconds(options.hold_ms),
          .rate = options.rate,
          .verify_leds = options.verify_leds};
}

HidLinkOptions link_options(const Options& options) {
  HidLinkOptions result;
  result.timeout = std::chrono::milliseconds(static_cast<int>(options.timeout_s * 1000));
  if (options.wait || options.timeout_s == 0) result.timeout.reset();
  result.queue = !options.no_wait;
  result.wake = options.wake;
  return result;
}

// Nearly always asleep, but what it does it must do at once: behind busy programs a key could be
// held for so long that the target repeats it. Where that is not permitted, so be it.
void hurry() noexcept {
  const sched_param priority{.sched_priority = 1};
  ::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority);
}

std::vector<Chord> parse_chords(const std::vector<std::string>& arguments) {
  std::vector<Chord> chords;
  for (const std::string& argument : arguments) {
    const auto chord_words = words(argument);
    if (chord_words.empty()) throw Error(Exit::kUsage, "-k: needs a key, such as ctrl+alt+delete");
    for (const std::string_view word : chord_words) {
      auto chord = parse_chord(word);
      if (const auto* error = std::get_if<ActionError>(&chord))
        throw Error(Exit::kUsage, "-k: " + error->why);
      chords.push_back(std::get<Chord>(std::move(chord)));
    }
  }
  return chords;
}

// One line for each character that there are no keys for; the last one is the error.
void refuse_untypable(const Typist& typist, std::string_view text) {
  const auto missing = typist.untypable(text);
  if (missing.empty()) return;
  for (const Untypable& at : missing)
    say(strf("line %zu, column %zu: ", at.line, at.column) + to_text(at.character));
  throw Error(Exit::kData,
              strf("layout %s has no keys for %s; nothing was typed (--skip, --replace, "
                   "--unicode or another -l helps)",
                   typist.layout().name().c_str(),
                   missing.size() == 1 ? "this character" : "these characters"));
}

void type_text(Player& player, const std::string& text, bool verbose) {
  const std::int64_t begun = monotonic_us();
  const auto count = [&] {
    std::size_t characters = 0;
    each_character(text, [&](char32_t, std::size_t, std::size_t) { ++characters; });
    return characters;
  };
  try {
    player.type(text);
  } catch (const Error& error) {
    if (error.code() == EPIPE) throw;  // who read the reports of --dry-run has gone
    throw Error(error.exit(),
                strf("%s; %zu of %zu characters arrived", error.what(), player.arrived(), count()));
  }
  const double seconds = static_cast<double>(monotonic_us() - begun) / 1e6;
  if (verbose)
    say(strf("%zu characters in %.3f s, %.0f a second", player.arrived(), seconds,
             static_cast<double>(player.arrived()) / std::max(seconds, 1e-6)));
}

// Action lines, one by one. With --ack or --status a line that fails is told and the next is
// played; otherwise it ends the program.
class Session {
 public:
  Session(Player& player, HidLink* link, Poller& poller, const Options& options)
      : player_(player), link_(link), ack_(options.ack), poller_(poller) {
    if (!options.status.empty()) status_.emplace(options.status);
    if (status_ && link_) {
      link_->on_change([this] { tell_status(); });
      poller_.every(std::chrono::milliseconds(500), [this] { link_->refresh(); });
    }
  }
  ~Session() {
    if (link_) link_->on_change({});
    poller_.every(std::chrono::milliseconds(0), {});
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Exit play(const std::string& file) {
    const Fd input = open_input(file);
    LineReader lines(input.get(), input_name(file), poller_);
    tell_status();
    for (bool more = true; more;) {
      const auto line = lines.next();
      more = line.has_value();
      std::string answer = "ok";
      try {
        if (line)
          play_line(*line, lines);
        else
          settle();
      } catch (const Error& error) {
        const auto where = strf("%s: line %zu: ", input_name(file).c_str(), lines.number());
        answer = std::string("error: ") + error.what();
        failed(error, where);
        tell_status();
      }
      if (ack_ && line) acknowledge(answer);
    }
    tell_status();
    return first_failure_;
  }

 private:
  static Fd open_input(const std::string& file) {
    if (file != "-") return open_fd(file, O_RDONLY);
    Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!input) throw Error::from_errno("stdin");
    return input;
  }

  static std::variant<std::monostate, Action, ActionError> parse(std::string_view line) {
    if (line.size() <= LineReader::kLongest) return parse_action(line);
    return ActionError{strf("longer than %zu bytes", LineReader::kLongest)};
  }

  void play_line(std::string_view line, LineReader& lines) {
    const auto parsed = parse(line);
    const auto* action = std::get_if<Action>(&parsed);
    const auto* error = std::get_if<ActionError>(&parsed);
    if (error) settle();  // what was right before it
    if (action || error) ++unsettled_;
    if (error) throw Error(Exit::kData, error->why);
    if (action) player_.run(*action);
    // Movement may wait for the movement that is here already, nothing else does.
    const bool moves =
        action && (action->verb == Verb::kMouseTo || action->verb == Verb::kMouseMove);
    if (moves && !ack_ && lines.ready()) return;
    settle();
    if (!lines.ready()) tell_status();
  }

  // When it returns the host has taken all that was played.
  void settle() {
    player_.flush();
    status_counts_.done += std::exchange(unsettled_, 0);
  }

  // Throws on where the line's failure ends the program.
  void failed(const Error& error, const std::string& where) {
    if (error.code() == EPIPE) throw;  // who was told of lines has gone
    const Exit exit = error.exit() == Exit::kUsage ? Exit::kData : error.exit();
    if (!ack_ && !status_) throw Error(exit, where + error.what());
    player_.abandon();
    status_counts_.failed += std::exchange(unsettled_, 0);
    if (first_failure_ == Exit::kDone) first_failure_ = exit;
    if (!ack_) say(where + error.what());
  }

  void acknowledge(const std::string& answer) {
    poller_.write(STDOUT_FILENO, printable(answer) + "\n", "stdout");
  }

  void tell_status() {
    if (!status_) return;
    status_counts_.host = link_ ? link_->host() : HostState::kNoDevice;
    if (link_) status_counts_.leds = link_->known_leds().value_or(Leds{});
    status_counts_.layout = player_.typist().layout().name();
    status_->write(status_counts_);
  }

  Player& player_;
  HidLink* link_;
  bool ack_;
  Poller& poller_;
  std::optional<StatusFile> status_;
  KeyboardStatus status_counts_;
  std::uint64_t unsettled_ = 0;  // actions played since the host was last seen to have taken all
  Exit first_failure_ = Exit::kDone;
};

Exit print_and_exit(const std::string& text, Exit exit = Exit::kDone) {
  std::fputs(text.c_str(), stdout);
  return exit;
}

std::string keys_list() {
  std::string all;
  for (const Key& key : all_keys()) all += strf("%-18s k:%d\n", key.name, key.code);
  return all;
}

std::string layouts_list() {
  std::string all;
  for (const LayoutName& name : list_layouts())
    all +=
        strf("%-24s %s\n", (name.layout + (name.variant.empty() ? "" : ":" + name.variant)).c_str(),
             name.title.c_str());
  return all;
}

Exit run(const Options& options) {
  if (options.list_keys) return print_and_exit(keys_list());
  if (options.list_layouts) return print_and_exit(layouts_list());

  // All that can be wrong with the input is found before the device is opened.
  const auto chords = parse_chords(options.chords);
  Typist typist(Layout(options.layout), typist_options(options));
  const bool is_text = chords.empty() && !options.actions;
  const std::string text = is_text ? read_file(options.file) : "";
  if (options.explain)
    return print_and_exit(explain(typist, text),
                          typist.untypable(text).empty() ? Exit::kDone : Exit::kData);
  refuse_untypable(typist, text);

  ::signal(SIGPIPE, SIG_IGN);  // where what is down has to come up first
  StopSignals stop;
  Poller poller(stop);
  std::unique_ptr<ReportSink> sink;
  HidLink* link = nullptr;
  if (options.dry_run) {
    sink = std::make_unique<PrintedReports>(poller);
  } else {
    hurry();
    auto gadget = std::make_unique<HidLink>(poller, link_options(options));
    link = gadget.get();
    sink = std::move(gadget);
  }
  Player player(*sink, std::move(typist), player_options(options));
  if (options.actions) {
    if (link) link->release_leftovers();
    return Session(player, link, poller, options).play(options.file);
  }
  for (const Chord& chord : chords) player.check(chord);
  if (link) link->release_buttons();
  for (const Chord& chord : chords) player.press_and_release(chord);
  if (is_text) type_text(player, text, options.verbose);
  return Exit::kDone;
}

void add_options(CLI::App& app, Options& options) {
  auto* key =
      app.add_option("-k,--key", options.chords, "Press and release CHORD, such as ctrl+alt+delete")
          ->type_name("CHORD")
          ->allow_extra_args(false);
  app.add_flag("-a,--actions", options.actions, "Read action lines, not text")->excludes("--key");
  app.add_option("-f,--file", options.file, "Read FILE (default: -, stdin)")->type_name("FILE");
  app.add_option("-l,--layout", options.layout,
                 "Keyboard layout of the target (default: $KVM_LAYOUT, else us)")
      ->type_name("LAYOUT[:VARIANT]");
  app.add_option("--replace", options.replace, "Type TEXT for the character CHAR")
      ->type_name("CHAR=TEXT")
      ->allow_extra_args(false);
  app.add_flag("--skip", options.skip, "Leave out characters that the layout has no keys for");
  app.add_option("--unicode", options.unicode,
                 "Enter characters without keys by number, as this system takes them")
      ->type_name("linux|windows|mac")
      ->check(CLI::IsMember({"linux", "windows", "mac"}).description(""));
  app.add_option("--rate", options.rate,
                 "At most N characters a second (default: as many as the host takes)")
      ->type_name("N")
      ->check(number_from(0.01, 10'000.0));
  app.add_option("--delay", options.delay_ms, "Wait MS milliseconds after each key (default: 0)")
      ->type_name("MS")
      ->check(number_from(0, 60'000));
  app.add_option("--hold", options.hold_ms, "Hold each key for MS milliseconds (default: 0)")
      ->type_name("MS")
      ->check(number_from(0, 60'000));
  app.add_option("--verify-leds", options.verify_leds,
                 "Every N characters, see NumLock answer (default: never)")
      ->type_name("N")
      ->check(number_from(1, 1'000'000'000));
  app.add_option("--timeout", options.timeout_s,
                 "Give up after SECONDS without progress; 0: never (default: 5)")
      ->type_name("SECONDS")
      ->check(number_from(0.0, 86'400.0));
  app.add_flag("--wait", options.wait, "Wait for a gadget and a host, however long")
      ->excludes("--timeout");
  app.add_flag("--no-wait", options.no_wait, "Do not wait while another kvm-type is typing");
  app.add_flag("--wake", options.wake, "Wake the target if it is asleep");
  app.add_flag("--ack", options.ack, "Answer each action line: ok, or error: and why")
      ->needs("--actions");
  app.add_option("--status", options.status, "Write JSON lines on keyboard and LEDs to FILE")
      ->type_name("FILE")
      ->needs("--actions");
  app.add_flag("--dry-run", options.dry_run, "Print the reports instead of sending them");
  auto* explain =
      app.add_flag("--explain", options.explain, "Print which keys type each character and exit");
  auto* layouts =
      app.add_flag("--list-layouts", options.list_layouts, "List the keyboard layouts and exit");
  auto* keys = app.add_flag("--list-keys", options.list_keys, "List the names of keys and exit");
  app.add_flag("-v,--verbose", options.verbose, "Say how many characters arrived how fast");

  // What would be without effect.
  for (const char* of_text :
       {"--file", "--replace", "--skip", "--unicode", "--rate", "--verify-leds"})
    key->excludes(of_text);
  for (CLI::Option* other : app.get_options()) {
    const std::string name = other->get_single_name();
    if (name == "help") continue;
    for (CLI::Option* list : {layouts, keys})
      if (other != list) list->excludes(other);
    const bool of_text = name == "file" || name == "layout" || name == "replace" ||
                         name == "skip" || name == "unicode";
    if (!of_text && other != explain) explain->excludes(other);
  }
}

}  // namespace
}  // namespace kvm

int main(int argc, char** argv) {
  using namespace kvm;
  CLI::App app("Types on the target's USB keyboard and mice: text, or action lines.", "kvm-type");
  Options options;
  if (const char* layout = std::getenv("KVM_LAYOUT"); layout && *layout) options.layout = layout;
  add_options(app, options);
  return run_cli(app, argc, argv, [&] { return run(options); });
}
