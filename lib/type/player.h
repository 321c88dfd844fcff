// Plays actions and texts on a ReportSink. Knows which keys and buttons are down, and releases them
// on every way out.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "keys/action.h"
#include "keys/key_names.h"
#include "keys/typist.h"
#include "type/mice.h"
#include "type/report_sink.h"
#include "usb/hid_report.h"

namespace kvm {

struct PlayerOptions {
  // The actions keydelay, keyhold, typedelay and typehold change these. With 0 the host's polling
  // sets the speed.
  std::chrono::milliseconds key_delay{0}, key_hold{0}, type_delay{0}, type_hold{0};
  double rate = 0;      // characters a second, at most; 0: no limit
  int verify_leds = 0;  // test NumLock's light after this many characters; 0: never
  // Modifiers go down in a report of their own, this time before the key, and come up this time
  // after the key. nullopt: they share the key's reports.
  std::optional<std::chrono::milliseconds> modifier_delay{};
  PointerArea pointer_area{};
};

class Player {
 public:
  // Borrows the sink.
  Player(ReportSink& sink, Typist typist, PlayerOptions options = {});
  // Releases everything.
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  const Typist& typist() const noexcept { return typist_; }

  // Does one action. When this returns, the host has taken all of it; only mouse movement may still
  // wait for flush(), so that movements can be joined while the device is busy.
  void run(const Action& action);
  void flush();

  void press_and_release(const Chord& chord);
  // Throws Error if the chord cannot be pressed. Exit::kData: the layout lacks one of its keys, or
  // more keys would be down than a report has room for. Exit::kNoInput: only the controls have the
  // key, and the gadget has none.
  void check(const Chord& chord) const;
  // Throws Error (Exit::kData) before the first key if the text cannot be typed.
  void type(std::string_view text);
  // How many characters of the last text the host has taken.
  std::size_t arrived() const noexcept { return arrived_; }

  void release_all();
  // To be called after an Error: releases everything, as far as the host still takes reports, and
  // drops waiting movement.
  void abandon() noexcept;

 private:
  void press(const Chord& chord);
  void release(const Chord& chord);
  const Key* in_controls(const KeyName& name) const;
  Stroke resolve(const KeyName& key) const;
  static void push(KeyboardState& state, std::uint8_t usage);
  static void push(ControlsState& state, const Key& key);
  void tap(std::uint8_t usage);
  void hold(std::span<const std::uint8_t> usages);
  void press_alone();
  void release_to(const KeyboardState& rest);
  void release_controls();
  void type_character(const Strokes& strokes);
  void check_that_the_host_follows();

  void send(const Report& report);
  bool idle(HidDevice device) const noexcept;
  void settle();

  ReportSink& sink_;
  Typist typist_;
  PlayerOptions options_;
  // The settings that actions without an argument restore.
  const PlayerOptions first_options_;
  const std::string first_layout_;
  KeyboardState keyboard_;
  ControlsState controls_;
  Mice mice_;
  std::size_t arrived_ = 0;
  std::array<bool, std::size(kHidDevices)>
      touched_{};  // by HidDevice: something may be down at the host
};

}  // namespace kvm
