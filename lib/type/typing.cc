#include "type/typing.h"

#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "base/io.h"
#include "base/message.h"
#include "base/poller.h"
#include "base/signals.h"
#include "base/text.h"
#include "keys/foreign_text.h"
#include "keys/replacement.h"
#include "type/printed_reports.h"

namespace kvm {
namespace {

// kvm-type nearly always sleeps, but has to act in time when it wakes: delayed behind busy
// programs, it would hold a key until the target repeats it. Without the permission it keeps the
// normal priority.
void hurry() noexcept {
  const sched_param priority{.sched_priority = 1};
  ::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority);
}

Typist make_typist(const TypingOptions& options) {
  try {
    return Typist(Layout(options.layout), options.typist);
  } catch (const Error& error) {
    if (error.exit() != Exit::kUsage) throw;
    const Error told = error.with_hint(options.session.hints.layouts);
    if (options.input != TypingInput::kActions) throw told;
    // A service must not stay down because an upgrade took the layout away: keys need none.
    say(std::string(told.what()) + "; keys work, texts cannot be typed");
    return Typist(Layout::without_keys(options.layout), options.typist);
  }
}

struct Missing {
  Untypable first;
  std::size_t count = 0;
};

// Each different character once, in the order of the text.
std::vector<Missing> distinct(const std::vector<Untypable>& all) {
  std::vector<Missing> found;
  std::unordered_map<char32_t, std::size_t> at;
  for (const Untypable& one : all) {
    const auto [place, is_new] = at.try_emplace(one.character, found.size());
    if (is_new) found.push_back({one});
    ++found[place->second].count;
  }
  return found;
}

// An argument of $'…', so that the shell's user sees blanks and marks that a terminal does not
// show.
std::string shell_word(const Replacement& replacement) {
  std::string quoted = "$'" + strf("\\u%04x=", static_cast<unsigned>(replacement.character));
  for (const char c : replacement.text) quoted += c == '\'' ? "\\'" : std::string(1, c);
  return quoted + "'";
}

std::string describe(const Missing& missing, const std::string& replace_option) {
  const auto& [character, line, column] = missing.first;
  std::string text = strf("line %zu, column %zu: ", line, column) + to_text(character);
  if (missing.count > 1) text += strf(", %zu times", missing.count);
  const auto usual = usual_replacement(character);
  if (usual && !replace_option.empty())
    text += " (" + replace_option + " " + shell_word({character, *usual}) + " helps)";
  return text;
}

// If the layout lacks characters of the text, prints each on a line of its own and throws.
void refuse_untypable(const Typist& typist, std::string_view text, const TypingOptions& options) {
  const auto missing = distinct(typist.untypable(text));
  if (missing.empty()) return;
  for (const Missing& one : missing) say(describe(one, options.replace_option));
  throw Error(
      Exit::kData,
      strf("layout %s has no keys for %s; nothing was typed", typist.layout().name().c_str(),
           missing.size() == 1 ? "this character" : "these characters"),
      options.untypable_hint);
}

std::string read_text(const Typist& typist, const TypingOptions& options) {
  return in_typable_form(typist, without_byte_order_mark(read_file(options.file)));
}

// Names the characters that do not arrive on other systems than XKB's.
void tell_disputed(const Typist& typist, std::string_view text, const std::string& hint) {
  for (const auto& [target, characters] : typist.disputed(text)) {
    std::string list;
    for (const char32_t character : characters) append_utf8(list, character);
    say("layout " + typist.layout().name() + ": the keys for " + printable(list) +
        " give something else on " + std::string(to_text(target)) +
        (hint.empty() ? "" : " (" + hint + ")"));
  }
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  each_character(text, [&](char32_t, std::size_t, std::size_t) { ++count; });
  return count;
}

void type_text(Player& player, const std::string& text, bool verbose) {
  const std::int64_t begun_us = monotonic_us();
  try {
    player.type(text);
  } catch (const Error& error) {
    throw Error(error.exit(), strf("%s; %zu of %zu characters arrived", error.what(),
                                   player.arrived(), count_characters(text)));
  }
  if (!verbose) return;
  const double seconds = static_cast<double>(monotonic_us() - begun_us) / 1e6;
  say(strf("%zu characters in %.3f s, %.0f a second", player.arrived(), seconds,
           static_cast<double>(player.arrived()) / std::max(seconds, 1e-6)));
}

void press(Player& player, HidLink* link, const std::vector<Chord>& chords) {
  for (const Chord& chord : chords) player.check(chord);
  if (link) link->release_remembered();
  for (const Chord& chord : chords) player.press_and_release(chord);
}

Exit play(Player& player, HidLink* link, Poller& poller, const std::string& text,
          const TypingOptions& options) {
  switch (options.input) {
    case TypingInput::kActions:
      if (link) link->release_leftovers();
      return Session(player, link, poller, options.session).play(options.file);
    case TypingInput::kChords:
      press(player, link, options.chords);
      break;
    case TypingInput::kText:
      if (link) link->release_remembered();
      type_text(player, text, options.verbose);
      break;
  }
  return Exit::kDone;
}

}  // namespace

Exit type(const TypingOptions& options) {
  // Errors in the input are found before the device is opened.
  Typist typist = make_typist(options);
  const std::string text = options.input == TypingInput::kText ? read_text(typist, options) : "";
  refuse_untypable(typist, text, options);
  tell_disputed(typist, text, options.disputed_hint);

  ::signal(SIGPIPE, SIG_IGN);  // a write fails instead, so that we can release keys before we exit
  StopSignals stop;
  Poller poller(stop);
  if (options.dry_run) {
    PrintedReports printed(poller);
    Player player(printed, std::move(typist), options.player);
    return play(player, nullptr, poller, text, options);
  }
  hurry();
  HidLink link(poller, options.link);
  Player player(link, std::move(typist), options.player);
  return play(player, &link, poller, text, options);
}

Exit explain(const TypingOptions& options) {
  const Typist typist = make_typist(options);
  const std::string text = read_text(typist, options);
  std::fputs(explain(typist, text).c_str(), stdout);
  return typist.untypable(text).empty() ? Exit::kDone : Exit::kData;
}

}  // namespace kvm
