// The audit trail: who did what, when and from where, in one line each (kvm-mjpeg-httpd(1), AUDIT).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "net/password_file.h"

namespace kvm {

class Audit {
 public:
  // Lines go to stderr as messages. They also go to `file`, with the time, unless it is empty.
  // Creates the file if it is missing. Throws Error if the file cannot be opened, is not a regular
  // file, or could be changed or replaced by other users than root and this one.
  explicit Audit(std::string file = "");

  // Opens the file again, for example after logrotate(8) renamed it. If this throws, lines go on to
  // the old file.
  void reopen();

  // "EVENT from ADDRESS user=NAME KEY=VALUE..."; the address is that of `user`. The values must not
  // hold anything that was typed. A value that is not a plain word is written as a JSON string in
  // ASCII, so that no name can look like another fact or another line. If the file cannot be
  // written, a message says so once, until a line was written again.
  //
  // A client could fill the disc, or push other lines out of a journal that limits its rate. So at
  // most kMostOften lines a minute are written of one event, user and address. The last of them has
  // the fact more=unwritten, and the next line tells how many were left out. Returns whether the
  // line was written.
  using Facts = std::vector<std::pair<std::string_view, std::string>>;
  static constexpr int kMostOften = 60;
  bool note(std::string_view event, const User& user, const Facts& facts = {}) noexcept;

  // As note(), for what strangers do: at most kMostOften lines a minute of one event and address,
  // whatever name they give, and at most kMostOfStrangers in all.
  static constexpr int kMostOfStrangers = 600;
  bool note_stranger(std::string_view event, const User& user, const Facts& facts = {}) noexcept;

 private:
  struct Often {
    std::int64_t began_us = 0;  // this minute, monotonic
    int lines = 0, unwritten = 0;
  };
  friend class Visit;
  bool admit(const std::string& cause, int most, Facts& facts);
  void write(std::string_view event, const User& user, const Facts& facts) noexcept;
  void append(const std::string& line);

  std::map<std::string, Often> often_;  // by cause
  std::string file_;
  Fd fd_;
  bool failed_ = false;
  bool torn_ = false;  // the file ends with a part of a line
};

// Notes "WHAT opened" now and "WHAT closed", with its length in seconds, at its end; both or, of a
// user who comes too often, neither.
class Visit {
 public:
  Visit(Audit& audit, std::string what, const User& user, Audit::Facts facts = {});
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  Audit& audit_;
  std::string what_;
  User user_;
  Audit::Facts facts_;
  std::int64_t began_us_;
  bool written_;
};

}  // namespace kvm
