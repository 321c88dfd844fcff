#include "hub/control.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace kvm {

namespace {

constexpr std::int64_t kCheckUs = 50'000;
constexpr std::size_t kLongestText = 64 << 10, kLongestLine = 4 << 10;  // bytes of a line
constexpr std::size_t kShort = 256;  // bytes: longest line that may pass while the target is busy

// The verb of a line that changes a setting for all later lines; nullptr for other verbs.
const char* setting_of(Verb verb) noexcept {
  switch (verb) {
    case Verb::kLayout:
      return "layout";
    case Verb::kKeyDelay:
      return "keydelay";
    case Verb::kKeyHold:
      return "keyhold";
    case Verb::kTypeDelay:
      return "typedelay";
    case Verb::kTypeHold:
      return "typehold";
    default:
      return nullptr;
  }
}

constexpr std::size_t kPiece = 1 << 10;  // bytes: work of a fraction of a millisecond

}  // namespace

std::string_view next_lines(std::string_view text, std::size_t from) noexcept {
  const std::string_view rest = text.substr(std::min(from, text.size()));
  if (rest.size() <= kPiece) return rest;
  const std::size_t last = rest.rfind('\n', kPiece);
  return rest.substr(0, last != rest.npos ? last : rest.find('\n'));
}

Control::Control(Loop& loop, Metrics& metrics, ControlOptions options, int out_fd,
                 std::function<void()> on_change)
    : loop_(loop),
      metrics_(metrics),
      options_(options),
      on_change_(std::move(on_change)),
      out_(loop, out_fd, [this] {
        held_.clear();
        settings_.clear();
        on_change_();
      }) {}

void Control::join(ViewerId viewer, Permission permission) {
  receipts_.expect(viewer);
  if (permission == Permission::kWatch) watchers_.insert(viewer);
}

void Control::leave(ViewerId viewer) {
  give_up(viewer);
  receipts_.forget(viewer);
  watchers_.erase(viewer);
}

Control::Line Control::parse(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with('#')) return {line, std::monostate()};
  // Longer lines would take too long to parse.
  const std::size_t longest = line.starts_with("type ") ? kLongestText : kLongestLine;
  if (line.size() > longest) return {line, ActionError{strf("longer than %zu KB", longest >> 10)}};
  return {line, parse_action(line)};
}

// Why the viewer may not send any line now.
std::optional<Refused> Control::barred(ViewerId viewer) const {
  if (out_.gone())
    return Refused{Refused::kNobodyReads, "view only: nobody reads the server's input events"};
  if (!options_.shared && controller_.value_or(viewer) != viewer)
    return Refused{Refused::kControlled, strf("viewer %u has control", *controller_)};
  if (out_.full()) return Refused{Refused::kBusy, "busy: the target's keyboard is far behind"};
  return std::nullopt;
}

// While the target is busy, only one short line passes for each held key or button: the line that
// releases it. This keeps the queue bounded.
bool Control::passes_when_busy(ViewerId viewer, const Line& line) const {
  const auto* const action = std::get_if<Action>(&line.parsed);
  return action && line.text.size() <= kShort && held_.releases(viewer, *action);
}

void Control::submit(ViewerId viewer, std::string_view lines, std::optional<Refused>& refused) {
  if (watchers_.contains(viewer) && !refused)
    refused = Refused{Refused::kControlled, "your role is view", receipts_.lines(viewer) + 1};
  for (const std::string_view text : split(lines, '\n')) {
    const Line line = parse(text);
    if (refused && !(refused->reason == Refused::kBusy && passes_when_busy(viewer, line))) {
      receipts_.refused(viewer);
    } else if (auto why = submit_line(viewer, line); why && !refused) {
      refused = std::move(why);
      refused->line = receipts_.lines(viewer);
    }
  }
  out_.flush();
}

std::string Control::reason(const ActionError& error) const {
  const std::string& hint = options_.hints.of(error.kind);
  return hint.empty() ? error.why : error.why + " (" + hint + ")";
}

std::optional<Refused> Control::submit_line(ViewerId viewer, const Line& line) {
  auto refused = barred(viewer);
  if (refused && refused->reason == Refused::kBusy && passes_when_busy(viewer, line))
    refused.reset();
  if (const auto* const error = std::get_if<ActionError>(&line.parsed))
    refused = Refused{Refused::kLine, reason(*error)};
  if (refused) {
    ++metrics_.actions_refused;
    receipts_.refused(viewer);
  } else if (const auto* const action = std::get_if<Action>(&line.parsed)) {
    pass(viewer, line.text, *action);
  }
  return refused;
}

void Control::advance(Batch& batch) {
  if (batch.checked == 0) batch.refused = barred(batch.viewer);
  if (!batch.refused && batch.checked <= batch.text.size())
    check_piece(batch);
  else if (!batch.refused)
    pass_piece(batch);
  if (batch.refused) ++metrics_.actions_refused;
}

void Control::check_piece(Batch& batch) {
  const std::string_view piece = next_lines(batch.text, batch.checked);
  for (const std::string_view text : split(piece, '\n')) {
    ++batch.number;
    const Line line = parse(text);
    const auto* const error = std::get_if<ActionError>(&line.parsed);
    if (!error) continue;
    batch.refused =
        Refused{Refused::kLine, strf("line %d: ", batch.number) + reason(*error), batch.number};
    return;
  }
  batch.checked += piece.size() + 1;
}

void Control::pass_piece(Batch& batch) {
  // While it is under way, the batch may fill the queue: its first line decided that it fits.
  if (auto why = barred(batch.viewer);
      why && (batch.passed == 0 || why->reason != Refused::kBusy)) {
    batch.refused = std::move(why);
    return;
  }
  const std::string_view piece = next_lines(batch.text, batch.passed);
  for (const std::string_view text : split(piece, '\n')) {
    const Line line = parse(text);
    const auto* const action = std::get_if<Action>(&line.parsed);
    if (!action) continue;
    const std::string_view words = trim(line.text);
    ++batch.verbs[words.substr(0, words.find_first_of(" \t"))];
    pass(batch.viewer, line.text, *action);
  }
  batch.passed += piece.size() + 1;
  out_.flush();
}

void Control::pass(ViewerId viewer, std::string_view text, const Action& action) {
  if (!options_.shared) set_controller(viewer);
  out_.queue(text);
  receipts_.passed(viewer);
  ++metrics_.actions;
  held_.apply(viewer, action, loop_.now_us());
  if (!held_.empty()) watch_silence();
  note_setting(viewer, action);
}

void Control::note_setting(ViewerId viewer, const Action& action) {
  const char* const setting = setting_of(action.verb);
  if (!setting) return;
  if (action.ms < 0)  // without an argument: back to kvm-type's default
    settings_[viewer].erase(setting);
  else
    settings_[viewer].insert(setting);
}

void Control::heard(ViewerId viewer) {
  held_.heard(viewer, loop_.now_us());
}

void Control::watch_silence() {
  if (std::exchange(check_scheduled_, true)) return;
  loop_.after(kCheckUs, [this] {
    // The second timer runs after the loop has read the sockets: if the machine was busy, messages
    // of viewers may be waiting there.
    loop_.after(0, [this] { release_silent(); });
  });
}

void Control::release_silent() {
  check_scheduled_ = false;
  for (const ViewerId viewer : held_.silent(loop_.now_us() - options_.silence_us + kCheckUs))
    release(viewer);
  if (!held_.empty()) watch_silence();
}

void Control::release(ViewerId viewer) {
  const auto lines = held_.release(viewer);
  for (const std::string& line : lines) write_own(line);
  out_.flush();
  metrics_.keys_released += lines.size();
}

void Control::restore(ViewerId viewer) {
  const auto node = settings_.extract(viewer);
  if (!node) return;
  for (const std::string& setting : node.mapped()) write_own(setting);
  out_.flush();
}

void Control::let_go(ViewerId viewer) {
  release(viewer);
  restore(viewer);
}

void Control::write_own(const std::string& line) {
  out_.queue(line);
  receipts_.passed(std::nullopt);
}

void Control::set_controller(std::optional<ViewerId> viewer) {
  if (std::exchange(controller_, viewer) != viewer) on_change_();
}

void Control::take(ViewerId viewer) {
  if (watchers_.contains(viewer)) return;
  if (controller_ && controller_ != viewer) let_go(*controller_);
  set_controller(viewer);
}

void Control::give_up(ViewerId viewer) {
  let_go(viewer);
  if (controller_ == viewer) set_controller(std::nullopt);
}

void Control::release_everything() {
  for (const ViewerId viewer : held_.holders()) release(viewer);
  while (!settings_.empty()) restore(settings_.begin()->first);
}

void Control::counted(const KeyboardStatus& status) {
  receipts_.counted(static_cast<std::int64_t>(status.done),
                    static_cast<std::int64_t>(status.failed));
}

}  // namespace kvm
