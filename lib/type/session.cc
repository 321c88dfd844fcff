#include "type/session.h"

#include <fcntl.h>

#include <utility>
#include <variant>

#include "base/fd.h"
#include "base/message.h"
#include "base/text.h"

namespace kvm {
namespace {

// How often to check for changes that no file descriptor signals.
constexpr std::chrono::milliseconds kRefresh{500};

Fd open_input(const std::string& file) {
  if (file != "-") return open_fd(file, O_RDONLY);
  Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!input) throw Error::from_errno("stdin");
  return input;
}

std::variant<std::monostate, Action, ActionError> parse(std::string_view line) {
  if (line.size() <= LineReader::kLongest) return parse_action(line);
  return ActionError{strf("longer than %zu bytes", LineReader::kLongest)};
}

bool is_movement(const Action& action) noexcept {
  return action.verb == Verb::kMouseTo || action.verb == Verb::kMouseMove;
}

}  // namespace

Session::Session(Player& player, HidLink* link, Poller& poller, SessionOptions options)
    : player_(player), link_(link), poller_(poller), options_(std::move(options)) {
  if (options_.status_file.empty()) return;
  status_file_.emplace(options_.status_file);
  if (!link_) return;
  link_->on_change([this] { write_status(); });
  poller_.every(kRefresh, [this] { link_->refresh(); });
}

Session::~Session() {
  if (link_) link_->on_change({});
  poller_.every(std::chrono::milliseconds(0), {});
}

Exit Session::play(const std::string& file) {
  const Fd input = open_input(file);
  const std::string name = file == "-" ? "stdin" : file;
  LineReader lines(input.get(), name, poller_);
  write_status();
  for (bool ended = false; !ended;) {
    const auto line = lines.next();
    ended = !line;
    std::string result = "ok";
    try {
      if (line)
        play_line(*line, lines);
      else
        settle();
    } catch (const Error& error) {
      result = std::string("error: ") + error.what();
      fail(error, strf("%s: line %zu: ", name.c_str(), lines.number()));
      write_status();
    }
    if (options_.acknowledge && line) answer(result);
  }
  write_status();
  return first_failure_;
}

void Session::play_line(std::string_view line, LineReader& lines) {
  const auto parsed = parse(line);
  const auto* action = std::get_if<Action>(&parsed);
  const auto* error = std::get_if<ActionError>(&parsed);
  if (error) settle();  // the lines before the wrong one count as done
  if (action || error) ++unsettled_;
  if (error) throw Error(Exit::kData, error->why, options_.hints.of(error->kind));
  if (action) run(*action);
  // Movement waits while more lines are ready, which may add to it. Nothing else waits.
  if (action && is_movement(*action) && !options_.acknowledge && lines.ready()) return;
  settle();
  if (!lines.ready()) write_status();
}

void Session::run(const Action& action) {
  try {
    player_.run(action);
  } catch (const Error& error) {
    if (action.verb != Verb::kLayout) throw;
    throw error.with_hint(options_.hints.of(ActionError::kUnknownLayout));
  }
}

// When this returns, the host has taken everything that was played.
void Session::settle() {
  player_.flush();
  status_.done += std::exchange(unsettled_, 0);
}

// Throws `error` if it ends the program.
void Session::fail(const Error& error, const std::string& where) {
  const Exit exit = error.exit() == Exit::kUsage ? Exit::kData : error.exit();
  if (!options_.acknowledge && !status_file_) throw Error(exit, where + error.what());
  player_.abandon();
  status_.failed += std::exchange(unsettled_, 0);
  if (first_failure_ == Exit::kDone) first_failure_ = exit;
  if (!options_.acknowledge) say(where + error.what());
}

void Session::answer(const std::string& text) {
  poller_.write(STDOUT_FILENO, printable(text) + "\n", "stdout");
}

void Session::write_status() {
  if (!status_file_) return;
  status_.host = link_ ? link_->host() : HostState::kNoDevice;
  if (link_) status_.leds = link_->known_leds().value_or(Leds{});
  if (link_) status_.devices = link_->devices();
  status_.layout = player_.typist().layout().name();
  status_.typing = player_.typist().options();
  status_file_->write(status_);
}

}  // namespace kvm
