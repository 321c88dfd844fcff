#include "hub/control.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr std::int64_t kCheckUs = 50'000;
constexpr std::size_t kShort = 256;  // bytes of a line that may pass while the target is busy
constexpr const char* kButtons[] = {"left", "right", "middle", "back", "forward"};

std::string name_of(const KeyName& key) {
  return key.code != 0 ? strf("k:%d", key.code) : "x:" + key.keysym;
}

// The verb, of those that set something for what follows; else null.
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

// Without the CR of a line that came from elsewhere.
std::string_view chomp(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Input::Input(Loop& loop, Metrics& metrics, InputOptions options, int out_fd,
             std::function<void()> on_change)
    : loop_(loop),
      metrics_(metrics),
      options_(options),
      on_change_(std::move(on_change)),
      pipe_(loop, out_fd, [this] {
        held_.clear();
        set_.clear();
        on_change_();
      }) {}

// Why this viewer may not send anything now.
std::optional<Refused> Input::refused(ViewerId viewer) const {
  if (pipe_.gone())
    return Refused{Refused::kNobodyReads, "view only: nobody reads the server's input events"};
  if (!options_.shared_control && controller_.value_or(viewer) != viewer)
    return Refused{Refused::kControlled, strf("viewer %u has control", *controller_)};
  if (pipe_.full()) return Refused{Refused::kBusy, "busy: the target's keyboard is far behind"};
  return std::nullopt;
}

void Input::pass(ViewerId viewer, std::string_view line, const Action& action) {
  if (!options_.shared_control) set_controller(viewer);
  pipe_.write(line);
  receipts_.passed(viewer);
  ++metrics_.actions;
  last_us_ = monotonic_us();
  note(viewer, action);
  if (const char* const setting = setting_of(action.verb)) {
    if (action.ms < 0)  // back to kvm-type's own
      set_[viewer].erase(setting);
    else
      set_[viewer].insert(setting);
  }
}

std::optional<Refused> Input::submit(ViewerId viewer, std::string_view line) {
  line = chomp(line);
  const auto parsed = parse_action(line);
  auto why = refused(viewer);
  if (why && why->reason == Refused::kBusy && lets_go(viewer, line)) why.reset();
  if (const auto* const error = std::get_if<ActionError>(&parsed))
    why = Refused{Refused::kLine, error->why};
  if (why) {
    ++metrics_.actions_refused;
    receipts_.refused(viewer);
  } else if (const auto* const action = std::get_if<Action>(&parsed)) {
    pass(viewer, line, *action);
  }
  return why;
}

// That is once for each key or button held: little is queued.
bool Input::lets_go(ViewerId viewer, std::string_view line) const {
  const auto parsed = parse_action(line);
  const auto* const action = std::get_if<Action>(&parsed);
  if (!action || line.size() > kShort) return false;
  if (action->verb == Verb::kReleaseAll) return !held_.empty();
  const auto found = held_.find(viewer);
  if (found == held_.end()) return false;
  const Held& held = found->second;
  if (action->verb == Verb::kButtonUp)
    return held.buttons.contains(kButtons[static_cast<int>(action->button)]);
  return action->verb == Verb::kKeyUp &&
         std::ranges::any_of(action->chords, [&](const Chord& chord) {
           return std::ranges::any_of(
               chord.keys, [&](const KeyName& key) { return held.keys.contains(name_of(key)); });
         });
}

std::optional<Refused> Input::submit_all(ViewerId viewer, std::string_view text) {
  auto why = refused(viewer);
  std::vector<std::pair<std::string_view, Action>> actions;
  int number = 0;
  for (std::string_view line : split(text, '\n')) {
    line = chomp(line);
    ++number;
    auto parsed = parse_action(line);
    if (const auto* const error = std::get_if<ActionError>(&parsed); error && !why)
      why = Refused{Refused::kLine, strf("line %d: ", number) + error->why};
    else if (auto* const action = std::get_if<Action>(&parsed))
      actions.emplace_back(line, std::move(*action));
  }
  if (why)
    ++metrics_.actions_refused;
  else
    for (const auto& [line, action] : actions) pass(viewer, line, action);
  return why;
}

void Input::note(ViewerId viewer, const Action& action) {
  Held& held = held_[viewer];
  const auto each_key = [&](auto&& use) {
    for (const Chord& chord : action.chords)
      for (const KeyName& key : chord.keys) use(name_of(key));
  };
  const char* const button = kButtons[static_cast<int>(action.button)];
  switch (action.verb) {
    case Verb::kKeyDown:
      each_key([&](const std::string& key) { held.keys.insert(key); });
      break;
    case Verb::kKeyUp:
      each_key([&](const std::string& key) { held.keys.erase(key); });
      break;
    case Verb::kButtonDown:
      held.buttons.insert(button);
      break;
    case Verb::kButtonUp:
      held.buttons.erase(button);
      break;
    case Verb::kReleaseAll:
      held_.clear();
      return;
    default:
      break;
  }
  held.heard_us = monotonic_us();
  if (held.keys.empty() && held.buttons.empty())
    held_.erase(viewer);
  else
    watch_silence();
}

void Input::heard(ViewerId viewer) {
  if (const auto found = held_.find(viewer); found != held_.end())
    found->second.heard_us = monotonic_us();
}

void Input::watch_silence() {
  if (std::exchange(watching_, true)) return;
  loop_.after(kCheckUs, [this] {
    // After a look at the sockets: where the machine was busy, what viewers said may wait there.
    loop_.after(0, [this] { release_silent(); });
  });
}

void Input::release_silent() {
  watching_ = false;
  const std::int64_t now = monotonic_us();
  for (auto next = held_.begin(); next != held_.end();) {
    const auto one = next++;
    if (now - one->second.heard_us > options_.silence_us - kCheckUs) release(one->first);
  }
  if (!held_.empty()) watch_silence();
}

void Input::release(ViewerId viewer) {
  const auto found = held_.find(viewer);
  if (found == held_.end()) return;
  const Held held = std::move(found->second);
  held_.erase(found);
  const auto others_hold = [&](std::set<std::string> Held::*kind, const std::string& name) {
    return std::ranges::any_of(held_,
                               [&](const auto& one) { return (one.second.*kind).contains(name); });
  };
  std::vector<std::string> lines;
  for (const std::string& key : held.keys)
    if (!others_hold(&Held::keys, key)) lines.push_back("keyup " + key);
  for (const std::string& button : held.buttons)
    if (!others_hold(&Held::buttons, button)) lines.push_back("buttonup " + button);
  for (const std::string& line : lines) write_own(line);
  metrics_.keys_released += lines.size();
}

void Input::give_up(ViewerId viewer) {
  release(viewer);
  restore(viewer);
}

// Without an argument they mean kvm-type's own.
void Input::restore(ViewerId viewer) {
  const auto found = set_.find(viewer);
  if (found == set_.end()) return;
  for (const std::string& setting : found->second) write_own(setting);
  set_.erase(found);
}

void Input::write_own(const std::string& line) {
  pipe_.write(line);
  receipts_.passed(std::nullopt);
}

void Input::set_controller(std::optional<ViewerId> viewer) {
  if (std::exchange(controller_, viewer) != viewer) on_change_();
}

void Input::take(ViewerId viewer) {
  if (controller_ && controller_ != viewer) give_up(*controller_);
  set_controller(viewer);
}

void Input::leave(ViewerId viewer) {
  give_up(viewer);
  if (controller_ == viewer) set_controller(std::nullopt);
}

void Input::release_everything() {
  while (!held_.empty()) release(held_.begin()->first);
  while (!set_.empty()) restore(set_.begin()->first);
}

}  // namespace kvm
