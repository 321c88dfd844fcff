#include "capture/statistics.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace kvm {

void Statistics::lost(const Losses& losses) noexcept {
  counts_.flawed += losses.flawed;
  counts_.late += losses.late;
  lost_ += losses.flawed + losses.late + losses.skipped;
}

void Statistics::arrived(std::uint64_t sequence) noexcept {
  const std::uint64_t lost = std::exchange(lost_, 0);
  if (last_sequence_) {
    const std::uint64_t expected = *last_sequence_ + lost + 1;
    if (sequence > expected) counts_.missed += sequence - expected;
  }
  last_sequence_ = sequence;
}

void Statistics::sent(std::size_t bytes, std::int64_t age_us) noexcept {
  ++counts_.sent;
  counts_.bytes += static_cast<std::int64_t>(bytes);
  counts_.age_us += age_us;
}

std::string Statistics::report(int width, int height, double seconds) {
  const Counts counts = std::exchange(counts_, {});
  const auto sent = static_cast<double>(std::max<std::uint64_t>(counts.sent, 1));
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::string line = strf(
      "%dx%d, %.1f frames/s of %.0f bytes, %.1f ms old; %llu unchanged, %llu late, %llu missed",
      width, height, static_cast<double>(counts.sent) / seconds,
      static_cast<double>(counts.bytes) / sent, static_cast<double>(counts.age_us) / sent / 1000,
      number(counts.unchanged), number(counts.late), number(counts.missed));
  if (counts.flawed) line += strf(", %llu flawed", number(counts.flawed));
  for (const auto& [fault, count] : counts.damaged)
    line += strf(", %llu %s", number(count), name_of(fault));
  return line;
}

}  // namespace kvm
