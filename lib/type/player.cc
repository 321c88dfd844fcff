#include "type/player.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "keys/foreign_text.h"
#include "type/caps_lock_off.h"
#include "type/pace.h"

namespace kvm {
namespace {

constexpr std::uint8_t kUsageNumLock = 0x53;

std::uint8_t usage_of(std::uint16_t code) {
  const Key* key = find_key_code(code);
  return key ? key->usage : 0;
}

// A player may have been made with a layout that xkb-data lacks.
Layout layout_or_none(const std::string& name) {
  try {
    return Layout(name);
  } catch (const Error&) {
    return Layout::without_keys(name);
  }
}

}  // namespace

Player::Player(ReportSink& sink, Typist typist, PlayerOptions options)
    : sink_(sink),
      typist_(std::move(typist)),
      options_(options),
      first_options_(options),
      first_layout_(typist_.layout().name()),
      mice_(sink, options.pointer_area, [this](const Report& report) { send(report); }) {}

Player::~Player() {
  abandon();
}

void Player::abandon() noexcept {
  const bool system_down =
      controls_.report(ControlPage::kSystem) != ControlsState().report(ControlPage::kSystem);
  keyboard_.clear();
  controls_.clear();
  mice_.forget();
  for (const HidDevice device : kHidDevices) {
    if (!std::exchange(touched_[static_cast<std::size_t>(device)], false)) continue;
    if (device == HidDevice::kControls && system_down)
      sink_.let_go(controls_.report(ControlPage::kSystem));
    sink_.let_go(device == HidDevice::kKeyboard   ? keyboard_.report()
                 : device == HidDevice::kControls ? nothing_down(device)
                                                  : mice_.report(device));
    sink_.rest(device);
  }
}

bool Player::idle(HidDevice device) const noexcept {
  if (device == HidDevice::kKeyboard) return keyboard_.idle();
  if (device == HidDevice::kControls) return controls_.idle();
  return mice_.idle(device);
}

void Player::send(const Report& report) {
  touched_[static_cast<std::size_t>(report.device)] = true;
  sink_.send(report);
}

void Player::settle() {
  sink_.settle();
  for (const HidDevice device : kHidDevices) {
    bool& touched = touched_[static_cast<std::size_t>(device)];
    if (!touched || !idle(device)) continue;
    touched = false;
    sink_.rest(device);
  }
}

void Player::flush() {
  mice_.flush();
  settle();
}

void Player::run(const Action& action) {
  const std::chrono::milliseconds time(action.ms);
  switch (action.verb) {
    case Verb::kMouseTo:
      return mice_.move_to(action.x, action.y);
    case Verb::kMouseMove:
      return mice_.move_by(action.dx, action.dy);
    default:
      mice_.flush();
  }
  switch (action.verb) {
    case Verb::kKey:
      for (const Chord& chord : action.chords) check(chord);
      for (const Chord& chord : action.chords) press_and_release(chord);
      break;
    case Verb::kKeyDown:
      for (const Chord& chord : action.chords) press(chord);
      break;
    case Verb::kKeyUp:
      for (const Chord& chord : action.chords) release(chord);
      break;
    case Verb::kType:
      return type(action.text);
    case Verb::kClick:
      mice_.set_button(action.button, true);
      mice_.set_button(action.button, false);
      break;
    case Verb::kButtonDown:
      mice_.set_button(action.button, true);
      break;
    case Verb::kButtonUp:
      mice_.set_button(action.button, false);
      break;
    case Verb::kWheel:
      mice_.turn_wheel(action.dx, 0);
      break;
    case Verb::kHWheel:
      mice_.turn_wheel(0, action.dx);
      break;
    case Verb::kKeyDelay:
      options_.key_delay = action.ms < 0 ? first_options_.key_delay : time;
      break;
    case Verb::kKeyHold:
      options_.key_hold = action.ms < 0 ? first_options_.key_hold : time;
      break;
    case Verb::kTypeDelay:
      options_.type_delay = action.ms < 0 ? first_options_.type_delay : time;
      break;
    case Verb::kTypeHold:
      options_.type_hold = action.ms < 0 ? first_options_.type_hold : time;
      break;
    case Verb::kSleep:
      settle();
      sink_.pause(time);
      break;
    case Verb::kReleaseAll:
      return release_all();
    case Verb::kWake:
      sink_.wake();
      break;
    case Verb::kLayout:
      typist_.set_layout(action.ms < 0 ? layout_or_none(first_layout_)
                                       : Layout(with_target_of(action.text, first_layout_)));
      break;
    case Verb::kMouseTo:
    case Verb::kMouseMove:
      break;
  }
  settle();
}

// ---- keyboard and controls ----

// The key if it is to be pressed in the controls; null: on the keyboard. A gadget without controls
// may still have the key on its keyboard, where some hosts take it.
const Key* Player::in_controls(const KeyName& name) const {
  const Key* key = name.keysym.empty() ? find_key_code(name.code) : nullptr;
  if (!key || key->control.page == ControlPage::kNone) return nullptr;
  if (sink_.has(HidDevice::kControls) || !sink_.has(HidDevice::kKeyboard)) return key;
  if (key->usage != 0) return nullptr;
  throw Error(Exit::kNoInput,
              std::string("the gadget has no controls, which have the key ") + key->name,
              "kvm-gadget-setup up makes them");
}

Stroke Player::resolve(const KeyName& key) const {
  if (key.keysym.empty()) return {usage_of(key.code), {}};
  const Stroke* found = typist_.layout().find_keysym(key.keysym);
  if (!found)
    throw Error(Exit::kData,
                "no key for x:" + key.keysym + " on layout " + typist_.layout().name());
  return *found;
}

void Player::push(KeyboardState& state, std::uint8_t usage) {
  if (!state.press(usage))
    throw Error(Exit::kData, "more than six keys down: a USB boot keyboard can report only six");
}

void Player::push(ControlsState& state, const Key& key) {
  if (!state.press(key.control))
    throw Error(Exit::kData, "more media or system keys down than one report has room for");
}

void Player::check(const Chord& chord) const {
  KeyboardState keyboard = keyboard_;
  ControlsState controls = controls_;
  for (const KeyName& name : chord.keys) {
    if (const Key* key = in_controls(name)) {
      push(controls, *key);
      continue;
    }
    const Stroke stroke = resolve(name);
    for (const std::uint8_t held : stroke.held)
      if (held != 0) push(keyboard, held);
    push(keyboard, stroke.key);
  }
}

// The modifiers go down with the first key. Further keys follow one by one, so that the host sees
// their order (alt+sysrq+b).
void Player::press(const Chord& chord) {
  bool pending = false;  // modifiers that no report has carried yet
  for (const KeyName& name : chord.keys) {
    if (const Key* key = in_controls(name)) {
      push(controls_, *key);
      if (std::exchange(pending, false)) {
        send(keyboard_.report());
        sink_.settle();  // the host sees the modifiers before the key, which is on another device
      }
      send(controls_.report(key->control.page));
      continue;
    }
    const Stroke stroke = resolve(name);
    hold(stroke.held);
    const bool modifier = is_modifier_usage(stroke.key);
    if (pending && !modifier && options_.modifier_delay) press_alone();
    push(keyboard_, stroke.key);
    pending = modifier;
    if (!pending) send(keyboard_.report());
  }
  if (pending) send(keyboard_.report());
}

void Player::release(const Chord& chord) {
  KeyboardState rest = keyboard_;
  bool on_keyboard = false;
  for (const KeyName& name : chord.keys) {
    const Key* key = name.keysym.empty() ? find_key_code(name.code) : nullptr;
    if (key && key->control.page != ControlPage::kNone && controls_.is_down(key->control)) {
      controls_.release(key->control);
      send(controls_.report(key->control.page));
      sink_.settle();
    } else if (key && key->usage == 0) {
      continue;  // it is not down
    } else {
      const Stroke stroke = resolve(name);
      for (const std::uint8_t held : stroke.held)
        if (held != 0) rest.release(held);
      rest.release(stroke.key);
      on_keyboard = true;
    }
  }
  if (on_keyboard) release_to(rest);
}

// Releases the keys that are not down in `rest`.
void Player::release_to(const KeyboardState& rest) {
  if (options_.modifier_delay) {
    const KeyboardState keys_up = keyboard_.with_keys_of(rest);
    if (keys_up != keyboard_ && keys_up != rest) {
      send(keys_up.report());
      sink_.pause(*options_.modifier_delay);
    }
  }
  keyboard_ = rest;
  send(keyboard_.report());
}

void Player::press_and_release(const Chord& chord) {
  press(chord);
  sink_.pause(options_.key_hold);
  release(chord);
  settle();
  sink_.pause(options_.key_delay);
}

void Player::tap(std::uint8_t usage) {
  KeyboardState down = keyboard_;
  push(down, usage);
  send(down.report());
  send(keyboard_.report());
}

// Presses `usages` in this order. Usually they need no report of their own, because the next key's
// report also contains them. Sends extra reports only if the host would read them from one report
// in another order, or if modifiers have to arrive before the key.
void Player::hold(std::span<const std::uint8_t> usages) {
  int order = 0;
  bool pressed = false;
  for (const std::uint8_t usage : usages) {
    if (usage == 0 || keyboard_.is_down(usage)) continue;
    if (report_order(usage) < order) send(keyboard_.report());
    push(keyboard_, usage);
    order = report_order(usage);
    pressed = true;
  }
  if (pressed && options_.modifier_delay)
    press_alone();
  else if (order == kKeysOrder)
    send(keyboard_.report());
}

// Sends the modifiers that went down, before the key that they belong to.
void Player::press_alone() {
  send(keyboard_.report());
  sink_.pause(*options_.modifier_delay);
}

void Player::type_character(const Strokes& strokes) {
  KeyboardState base = keyboard_;  // keys that keydown left down stay down
  for (const Stroke& stroke : strokes) {
    if (keyboard_.is_down(stroke.key)) {
      base.release(stroke.key);
      keyboard_.release(stroke.key);
      send(keyboard_.report());
    }
    hold(stroke.held);
    push(keyboard_, stroke.key);
    send(keyboard_.report());
    sink_.pause(options_.type_hold);
    KeyboardState rest = base;
    if (stroke.keep_held) {
      rest = keyboard_;
      rest.release(stroke.key);
    }
    release_to(rest);
  }
}

void Player::check_that_the_host_follows() {
  for (int i = 0; i < 2; ++i) {
    const auto before = sink_.leds();
    tap(kUsageNumLock);
    if (!sink_.leds_change(before.value_or(Leds{})))
      throw Error(Exit::kBusy, "the target does not answer NumLock with its light");
  }
}

void Player::type(std::string_view wanted) {
  arrived_ = 0;
  const std::string text = in_typable_form(typist_, std::string(wanted));
  const std::size_t missing = typist_.untypable(text).size();
  if (missing > 0)
    throw Error(Exit::kData, strf("layout %s cannot type %zu of these characters",
                                  typist_.layout().name().c_str(), missing));
  // CapsLockOff does not call send(), but what it presses has to be released too.
  touched_[static_cast<std::size_t>(HidDevice::kKeyboard)] = true;
  CapsLockOff caps_lock(sink_, keyboard_, typist_.layout());
  caps_lock.switch_off();
  Pace pace(options_.rate);
  int unverified = 0;
  each_character(text, [&](char32_t character, std::size_t, std::size_t) {
    pace.wait(sink_);
    type_character(*typist_.strokes(character));
    ++arrived_;
    if (options_.verify_leds > 0 && ++unverified >= options_.verify_leds) {
      check_that_the_host_follows();
      unverified = 0;
    }
    sink_.pause(options_.type_delay);
  });
  caps_lock.restore();
  settle();
}

void Player::release_controls() {
  if (controls_.idle()) return;
  controls_.clear();
  for (const ControlPage page : {ControlPage::kConsumer, ControlPage::kSystem})
    send(controls_.report(page));
}

void Player::release_all() {
  keyboard_.clear();
  send(keyboard_.report());
  release_controls();
  mice_.release_all();
  settle();
}

}  // namespace kvm
