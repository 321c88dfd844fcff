// Plays actions and texts on a ReportSink: knows what is down, and lets it go on every way out.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "keys/action.h"
#include "keys/typist.h"
#include "type/mice.h"
#include "type/report_sink.h"
#include "usb/hid_report.h"

namespace kvm {

struct PlayerOptions {
  // Changed by keydelay, keyhold, typedelay and typehold. As fast as the host polls by default.
  std::chrono::milliseconds key_delay{0}, key_hold{0}, type_delay{0}, type_hold{0};
  double rate = 0;      // at most so many characters a second; 0: no limit
  int verify_leds = 0;  // after so many characters NumLock must answer; 0: never
};

class Player {
 public:
  Player(ReportSink& sink, Typist typist, PlayerOptions options = {});
  // Releases everything.
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  const Typist& typist() const noexcept { return typist_; }

  // Does one action; when it returns the host has taken all of it. Only mouse movement waits for
  // flush() while the device is busy, so that movements can become one.
  void run(const Action& action);
  void flush();

  void press_and_release(const Chord& chord);
  // Throws Error (Exit::kData) where it cannot be pressed: the layout has no such key, or there are
  // too many of them.
  void check(const Chord& chord) const;
  // Throws Error (Exit::kData) before the first key if the text cannot be typed.
  void type(std::string_view text);
  // Characters of the last text that have arrived.
  std::size_t arrived() const noexcept { return arrived_; }

  void release_all();
  // After an Error: nothing is down or waits any more, as far as the host can still be told.
  void abandon() noexcept;

 private:
  void press(const Chord& chord);
  void release(const Chord& chord);
  Stroke resolve(const KeyName& key) const;
  static void push(KeyboardState& state, std::uint8_t usage);
  void tap(std::uint8_t usage);
  void hold(std::span<const std::uint8_t> usages);
  void type_character(const Strokes& strokes);
  void check_that_the_host_follows();

  void send(const Report& report);
  bool idle(HidDevice device) const noexcept;
  void settle();

  ReportSink& sink_;
  Typist typist_;
  PlayerOptions options_;
  const PlayerOptions own_;  // as it was begun
  const std::string own_layout_;
  KeyboardState keyboard_;
  Mice mice_;
  std::size_t arrived_ = 0;
  std::array<bool, kHidDevices> touched_{};  // something may be down at the host
};

}  // namespace kvm
