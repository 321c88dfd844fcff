#include "jpeg/frame_facts.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "jpeg/marker_walker.h"

namespace kvm {

namespace {

constexpr const char* kStateNames[] = {"live", "no-signal", "no-device", "stalled"};
constexpr std::string_view kTag = "kvm ";
constexpr std::int64_t kLatestUs = 100'000'000'000'000'000;  // in the year 5138

std::optional<SourceState> state_of(std::string_view name) noexcept {
  const auto* const found = std::find(std::begin(kStateNames), std::end(kStateNames), name);
  if (found == std::end(kStateNames)) return std::nullopt;
  return static_cast<SourceState>(found - std::begin(kStateNames));
}

std::optional<std::int64_t> time_of(std::string_view digits) noexcept {
  const auto time_us = parse_number<std::int64_t>(digits);
  return time_us && *time_us >= 0 && *time_us < kLatestUs ? time_us : std::nullopt;
}

}  // namespace

const char* name_of(std::optional<SourceState> state) noexcept {
  return state ? kStateNames[static_cast<int>(*state)] : "none";
}

std::string com_segment(const FrameFacts& facts, std::string reuse) {
  std::string segment = std::move(reuse);
  segment.clear();
  segment.reserve(80);  // enough for any segment: one allocation
  segment.append("\xff\xfe\0\0", 4).append(kTag);
  const auto put_number = [&](const char* key, auto number) {
    char digits[20];
    segment.append(key).append(digits, std::to_chars(digits, std::end(digits), number).ptr) += ' ';
  };
  if (facts.time_us) put_number("t=", *facts.time_us);
  if (facts.sequence) put_number("n=", *facts.sequence);
  segment.append("s=").append(name_of(facts.state));
  const std::size_t length = segment.size() - 2;
  segment[2] = static_cast<char>(length >> 8);
  segment[3] = static_cast<char>(length);
  return segment;
}

std::size_t size_of(const FrameParts& frame) noexcept {
  std::size_t size = 0;
  for (const Bytes part : frame) size += part.size();
  return size;
}

std::vector<std::uint8_t> joined(const FrameParts& frame) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(size_of(frame));
  for (const Bytes part : frame) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

bool is_com_of_kvmpi(Bytes body) noexcept {
  return as_text(body).starts_with(kTag);
}

Bytes find_com(Bytes image) noexcept {
  for (std::size_t at = 2; at + 4 <= image.size() && image[at] == 0xff;) {
    const std::uint8_t marker = image[at + 1];
    if (marker == 0xff || is_bare(marker)) {
      at += marker == 0xff ? 1 : 2;
      continue;
    }
    const std::size_t size = 2 + (static_cast<std::size_t>(image[at + 2]) << 8 | image[at + 3]);
    if (is_sof(marker) || marker == kSos || size < 4 || size > image.size() - at) break;
    if (marker == kCom && is_com_of_kvmpi(image.subspan(at + 4, size - 4)))
      return image.subspan(at, size);
    at += size;
  }
  return {};
}

FrameFacts read_facts(Bytes image) noexcept {
  FrameFacts facts;
  const Bytes com = find_com(image);
  if (com.empty()) return facts;
  std::string_view text = as_text(com).substr(4 + kTag.size());
  while (!text.empty()) {
    const auto end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (word.starts_with("t=")) facts.time_us = time_of(word.substr(2));
    if (word.starts_with("n=")) facts.sequence = parse_number<std::uint64_t>(word.substr(2));
    if (word.starts_with("s=")) facts.state = state_of(word.substr(2)).value_or(facts.state);
  }
  return facts;
}

}  // namespace kvm
