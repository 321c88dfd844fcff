// Plays action lines one by one: answers each, reports the keyboard's status, and goes on after a
// line that fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/line_reader.h"
#include "base/poller.h"
#include "keys/action.h"
#include "type/hid_link.h"
#include "type/player.h"
#include "type/status_file.h"

namespace kvm {

struct SessionOptions {
  bool acknowledge = false;   // answer each line on stdout: "ok", or "error: " and why
  std::string status_file{};  // gets status lines, kvm(7) STATUS; empty: none are written
  ActionHints hints{};        // the hints that errors in action lines give
};

class Session {
 public:
  // Borrows the player, the link and the poller. `link` gives the state of the host; null: no
  // reports are sent, and the status says that there is no gadget. Throws Error if the status file
  // cannot be opened.
  Session(Player& player, HidLink* link, Poller& poller, SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Plays the lines of `file` ("-": stdin) to their end. Throws an Error that names the line if
  // a line fails. With answers or a status file, prints the error instead (as the answer or on
  // stderr), plays the next line, and in the end returns the exit code of the first failure.
  Exit play(const std::string& file);

 private:
  void play_line(std::string_view line, LineReader& lines);
  void run(const Action& action);
  void settle();
  void fail(const Error& error, const std::string& where);
  void answer(const std::string& text);
  void write_status();

  Player& player_;
  HidLink* link_;
  Poller& poller_;
  SessionOptions options_;
  std::optional<StatusFile> status_file_;
  KeyboardStatus status_;
  std::uint64_t unsettled_ = 0;  // actions played, but not yet counted as done or failed
  Exit first_failure_ = Exit::kDone;
};

}  // namespace kvm
