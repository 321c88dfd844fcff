#include "jpeg/scan_end.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "jpeg/coded_mcu.h"

namespace kvm {

namespace {

// The offset of the first marker at or after `at`; without a marker, the size of `coded`.
std::size_t find_marker(Bytes coded, std::size_t at) {
  while (at + 1 < coded.size()) {
    const void* const found = std::memchr(coded.data() + at, 0xff, coded.size() - 1 - at);
    if (!found) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - coded.data());
    if (coded[at + 1] != 0) return at;
    at += 2;
  }
  return coded.size();
}

// How many bytes of `stuffed` hold the first `bits` bits of its data.
std::size_t stuffed_size(Bytes stuffed, std::size_t bits) {
  std::size_t at = 0;
  for (std::size_t bytes = (bits + 7) / 8; bytes > 0 && at < stuffed.size(); --bytes)
    at += stuffed[at] == 0xff ? 2 : 1;
  return std::min(at, stuffed.size());
}

std::size_t divided_up(int value, int by) {
  return static_cast<std::size_t>((value + by - 1) / by);
}

}  // namespace

std::optional<std::size_t> coded_size(Bytes head, const JpegInfo& info, Bytes coded) {
  const auto code = McuCode::of(head, info);
  if (!code) return std::nullopt;
  const std::size_t mcus =
      divided_up(info.width, info.mcu_width) * divided_up(info.height, info.mcu_height);
  // A block takes at least two bits, so this header claims more than the data can hold.
  if (mcus / 4 > coded.size()) return std::nullopt;
  const std::size_t interval =
      info.restart_interval > 0 ? static_cast<std::size_t>(info.restart_interval) : mcus;
  std::vector<CodedMcu> read(std::min(interval, mcus));
  std::size_t at = 0;
  for (std::size_t done = 0, number = 0;; ++number) {
    const std::size_t end = find_marker(coded, at), count = std::min(interval, mcus - done);
    const Bytes stuffed = coded.subspan(at, end - at);
    const auto bits = code->read_front(CodedBits(stuffed), std::span(read).first(count));
    if (!bits) return std::nullopt;
    done += count;
    if (done == mcus) return at + stuffed_size(stuffed, *bits);
    if (end + 1 >= coded.size() || coded[end + 1] != kRst0 + number % 8) return std::nullopt;
    at = end + 2;
  }
}

}  // namespace kvm
