// Lines from a descriptor that may be slow, endless or without a last line end.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/poller.h"

namespace kvm {

class LineReader {
 public:
  static constexpr std::size_t kLongest = 1 << 20;  // bytes

  // Borrows both; `name` is for messages.
  LineReader(int fd, std::string name, Poller& poller)
      : fd_(fd), name_(std::move(name)), poller_(poller) {}

  // The next line without its '\n', valid until the next call; nullopt at the end of input. Of one
  // longer than kLongest a beginning that is longer, too: the rest is left out.
  // Throws Error where the input cannot be read.
  std::optional<std::string_view> next();
  // Whether next() would return at once.
  bool ready();
  // Number of the line that next() returned last, from 1.
  std::size_t number() const noexcept { return number_; }

 private:
  bool fill();

  int fd_;
  std::string name_;
  Poller& poller_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what was not returned yet
  std::size_t scanned_ = 0;  // up to here there is no line end after begin_
  bool ended_ = false;
  bool cut_ = false;  // the rest of a line that was too long is to come
  std::size_t number_ = 0;
};

}  // namespace kvm
