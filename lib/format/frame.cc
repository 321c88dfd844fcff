#include "format/frame.h"

#include "base/text.h"

namespace kvm {

namespace {

constexpr const char* kNames[] = {"live", "no-signal", "no-device", "stalled"};
constexpr std::string_view kTag = "kvm ";

}  // namespace

const char* name_of(SourceState state) noexcept {
  return kNames[static_cast<int>(state)];
}

std::string com_segment(const FrameFacts& facts) {
  std::string text(kTag);
  if (facts.time_us) text += "t=" + std::to_string(*facts.time_us) + ' ';
  if (facts.sequence) text += "n=" + std::to_string(*facts.sequence) + ' ';
  text += std::string("s=") + name_of(facts.state);
  const std::size_t length = text.size() + 2;
  std::string segment = "\xff\xfe";
  segment.push_back(static_cast<char>(length >> 8));
  segment.push_back(static_cast<char>(length));
  return segment + text;
}

std::size_t com_size(Bytes image) noexcept {
  if (image.size() < 6 + kTag.size() || image[2] != 0xff || image[3] != 0xfe) return 0;
  const std::size_t length = static_cast<std::size_t>(image[4]) << 8 | image[5];
  if (length < 2 + kTag.size() || 4 + length > image.size()) return 0;
  return as_text(image.subspan(6, kTag.size())) == kTag ? 2 + length : 0;
}

FrameFacts read_facts(Bytes image) noexcept {
  FrameFacts facts;
  const std::size_t size = com_size(image);
  if (size == 0) return facts;
  std::string_view text = as_text(image.subspan(6, size - 4)).substr(kTag.size());
  while (!text.empty()) {
    const auto end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (word.starts_with("t=")) facts.time_us = parse_number<std::int64_t>(word.substr(2));
    if (word.starts_with("n=")) facts.sequence = parse_number<std::uint64_t>(word.substr(2));
    if (!word.starts_with("s=")) continue;
    for (int i = 0; i < 4; ++i)
      if (word.substr(2) == kNames[i]) facts.state = static_cast<SourceState>(i);
  }
  return facts;
}

}  // namespace kvm
