// The audit trail: who did what, when and from where, in one line each (kvm-mjpeg-httpd(1), AUDIT).
#pragma once

#include <cstdint>
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
  using Facts = std::vector<std::pair<std::string_view, std::string>>;
  void note(std::string_view event, const User& user, const Facts& facts = {}) noexcept;

 private:
  void append(const std::string& line);

  std::string file_;
  Fd fd_;
  bool failed_ = false;
  bool torn_ = false;  // the file ends with a part of a line
};

// Notes "WHAT opened" now and "WHAT closed", with its length in seconds, at its end.
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
};

}  // namespace kvm
