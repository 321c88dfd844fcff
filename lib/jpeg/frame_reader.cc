#include "jpeg/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace kvm {

namespace {

constexpr std::size_t kRead = 64u << 10, kFirst = 256u << 10;
constexpr std::size_t kLongestGap = 4096;  // a part's header lines are shorter
constexpr int kRetries = 16;
constexpr std::string_view kImageStart = "\xff\xd8\xff";

// "X-Timestamp: 1700000000.123456": seconds.
std::optional<std::int64_t> find_stamp(std::string_view head) {
  constexpr std::string_view kName = "X-Timestamp:";
  const auto at = head.find(kName);
  if (at == head.npos) return std::nullopt;
  head.remove_prefix(at + kName.size());
  const auto seconds = parse_number<double>(trim(head.substr(0, head.find('\n'))));
  if (!seconds || !(*seconds >= 0 && *seconds < 1e11)) return std::nullopt;
  return static_cast<std::int64_t>(*seconds * 1e6);
}

std::unique_ptr<std::uint8_t[]> allocate(std::size_t bytes) {
  return std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
}

}  // namespace

const char* name_of(Dropped reason) noexcept {
  constexpr const char* kNames[] = {"garbage", "truncated", "broken", "too_large"};
  return kNames[static_cast<int>(reason)];
}

FrameFacts ReadFrame::facts() const noexcept {
  FrameFacts facts = read_facts(jpeg());
  if (!facts.time_us) facts.time_us = stamp_us;
  return facts;
}

FrameReader::FrameReader(std::size_t limit_bytes)
    : limit_(limit_bytes), capacity_(kFirst), memory_(allocate(kFirst)) {}

std::span<std::uint8_t> FrameReader::space() {
  if (capacity_ - end_ < kRead + ReadFrame::kBehind) {
    const Bytes kept = pending();
    const std::size_t needed = ReadFrame::kBefore + kept.size() + kRead + ReadFrame::kBehind;
    // Room for as much again: an image is moved a few times at most while it grows.
    if (needed > capacity_ || begin_ < capacity_ / 2) capacity_ = std::max(kFirst, 2 * needed);
    auto memory = allocate(capacity_);
    std::memcpy(memory.get() + ReadFrame::kBefore, kept.data(), kept.size());
    memory_ = std::move(memory);
    begin_ = ReadFrame::kBefore;
    end_ = begin_ + kept.size();
  }
  return {memory_.get() + end_, capacity_ - end_ - ReadFrame::kBehind};
}

std::optional<ReadFrame> FrameReader::next() {
  while (in_image_ || find_image()) {
    switch (walker_.walk(pending())) {
      case JpegWalk::kDone:
        return take();
      case JpegWalk::kMore:
        if (end_ - begin_ > limit_) {
          drop(Dropped::kTooLarge);
          skip(end_ - begin_);
          in_image_ = false;
          bad_gap_ = true;
          break;
        }
        if (!ended_) return std::nullopt;
        give_up(Dropped::kTruncated);
        break;
      case JpegWalk::kBad:
        give_up(std::string_view(walker_.reason()) == "truncated" ? Dropped::kTruncated
                                                                  : Dropped::kBroken);
        break;
    }
  }
  return std::nullopt;
}

// Where a header was cut short, its length led into the next image: what was walked is searched for
// another SOI. Only so often, for bytes made to be walked again and again would hold us up.
void FrameReader::give_up(Dropped reason) {
  drop(reason);
  if (doubtful_ == 0) retries_ = 0;
  doubtful_ = std::max(doubtful_, walker_.at());
  skip(++retries_ > kRetries ? doubtful_ : 2);
  in_image_ = false;
  bad_gap_ = true;
}

void FrameReader::skip(std::size_t bytes) noexcept {
  begin_ += bytes;
  doubtful_ -= std::min(doubtful_, bytes);
}

// Moves begin_ to the next SOI, and judges what lay before it.
bool FrameReader::find_image() {
  const std::string_view text = as_text(pending());
  const auto at = text.find(kImageStart, searched_);
  if (at == text.npos) {
    searched_ = text.size() - std::min(text.size(), kImageStart.size() - 1);
    if (searched_ > kLongestGap || ended_) {
      between(text);
      bad_gap_ = true;
      skip(searched_);
      searched_ = 0;
    }
    return false;
  }
  between(text.substr(0, at));
  skip(at);
  searched_ = 0;
  walker_ = JpegWalker();
  in_image_ = true;
  return true;
}

void FrameReader::between(std::string_view gap) {
  const std::string_view head = trim(gap);
  const bool is_head = head.starts_with("--") || head.find("Content-") != head.npos;
  if (is_head) multipart_ = true;
  if (!head.empty() && !is_head && !bad_gap_) drop(Dropped::kGarbage);
  bad_gap_ = false;
  stamp_us_ = find_stamp(head);
}

ReadFrame FrameReader::take() {
  ReadFrame frame;
  frame.info = walker_.info();
  frame.stamp_us = stamp_us_;
  const std::size_t size = frame.info.size, rest = end_ - begin_ - size;
  in_image_ = false;
  // The image keeps this memory, and what follows it moves: little, where a writer writes whole
  // images. Where much follows, the image moves.
  if (rest > size) {
    frame.memory = allocate(ReadFrame::kBefore + size + ReadFrame::kBehind);
    frame.offset = ReadFrame::kBefore;
    std::memcpy(frame.memory.get() + frame.offset, pending().data(), size);
    skip(size);
    return frame;
  }
  frame.offset = begin_;
  capacity_ = std::max(kFirst, ReadFrame::kBefore + 2 * size + kRead + ReadFrame::kBehind);
  auto memory = allocate(capacity_);
  std::memcpy(memory.get() + ReadFrame::kBefore, memory_.get() + begin_ + size, rest);
  frame.memory = std::exchange(memory_, std::move(memory));
  skip(size);
  begin_ = ReadFrame::kBefore;
  end_ = begin_ + rest;
  return frame;
}

}  // namespace kvm
