// Reads lines from a descriptor that may be slow or endless. The last line may lack its '\n'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/poller.h"

namespace kvm {

class LineReader {
 public:
  static constexpr std::size_t kLongest = 1 << 20;  // bytes

  // Borrows `fd` and `poller`; `name` appears in error messages.
  LineReader(int fd, std::string name, Poller& poller)
      : fd_(fd), name_(std::move(name)), poller_(poller) {}

  // The next line without its '\n', valid until the next call; nullopt at the end of input. A line
  // longer than kLongest may be cut, but the part that is returned is also longer than kLongest. So
  // the size shows the caller that the line is too long. Throws Error if reading fails, and Stopped
  // when a stop signal has arrived.
  std::optional<std::string_view> next();
  // Whether next() would return without waiting for input.
  bool ready();
  // The number of the line that next() returned last, from 1.
  std::size_t number() const noexcept { return number_; }

 private:
  bool fill();

  int fd_;
  std::string name_;
  Poller& poller_;
  std::string buffer_;
  std::size_t begin_ = 0;    // start of the text that was not returned yet
  std::size_t scanned_ = 0;  // no '\n' between begin_ and here
  bool ended_ = false;
  bool cut_ = false;  // the rest of an overlong line must still be skipped
  std::size_t number_ = 0;
};

}  // namespace kvm
