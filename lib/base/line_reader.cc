#include "base/line_reader.h"

#include <algorithm>
#include <utility>

#include "base/io.h"

namespace kvm {

// Appends the result of one read(2) to the buffer; false at the end of input.
bool LineReader::fill() {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  std::uint8_t chunk[16384];
  for (;;) {
    poller_.wait(fd_, POLLIN, std::nullopt);
    if (const auto n = read_some(fd_, chunk, name_)) {
      buffer_.append(reinterpret_cast<const char*>(chunk), *n);
      return *n > 0;
    }
  }
}

std::optional<std::string_view> LineReader::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', scanned_);
    const bool whole = end != std::string::npos || (ended_ && begin_ < buffer_.size());
    if (whole || buffer_.size() - begin_ > kLongest) {
      const std::size_t stop = std::min(end, buffer_.size());
      const std::string_view line(buffer_.data() + begin_, stop - begin_);
      begin_ = scanned_ = std::min(stop + 1, buffer_.size());
      if (std::exchange(cut_, !whole)) continue;
      ++number_;
      return line;
    }
    if (ended_) return std::nullopt;
    scanned_ = buffer_.size();
    ended_ = !fill();
  }
}

bool LineReader::ready() {
  return buffer_.find('\n', scanned_) != std::string::npos ||
         (!ended_ && poller_.wait(fd_, POLLIN, std::chrono::milliseconds(0)));
}

}  // namespace kvm
