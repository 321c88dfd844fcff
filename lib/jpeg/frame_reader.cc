#include "jpeg/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace kvm {

namespace {

constexpr std::size_t kRead = 64u << 10;    // the least room for a read, bytes
constexpr std::size_t kFirst = 256u << 10;  // the least memory, bytes
constexpr std::size_t kLongestGap = 4096;   // more than a part's header lines need
constexpr int kRetries = 16;
constexpr std::string_view kImageStart = "\xff\xd8\xff";
constexpr const char* kDroppedNames[] = {"garbage", "truncated", "broken", "too_large"};

// The time in a part's "X-Timestamp: 1700000000.123456" (seconds), in µs.
std::optional<std::int64_t> find_time(std::string_view head) {
  constexpr std::string_view kName = "X-Timestamp:";
  const auto at = head.find(kName);
  if (at == head.npos) return std::nullopt;
  head.remove_prefix(at + kName.size());
  const auto seconds = parse_number<double>(trim(head.substr(0, head.find('\n'))));
  if (!seconds || !(*seconds >= 0 && *seconds < 1e11)) return std::nullopt;
  return static_cast<std::int64_t>(*seconds * 1e6);
}

// Some writers pad their images with zeros.
std::string_view without_padding(std::string_view gap) {
  constexpr std::string_view kPadding("\0 \t\r\n", 5);
  const auto first = gap.find_first_not_of(kPadding);
  return first == gap.npos ? std::string_view()
                           : gap.substr(first, gap.find_last_not_of(kPadding) - first + 1);
}

std::unique_ptr<std::uint8_t[]> allocate(std::size_t bytes) {
  return std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
}

}  // namespace

const char* name_of(Dropped reason) noexcept {
  return kDroppedNames[static_cast<int>(reason)];
}

FrameFacts JpegImage::facts() const noexcept {
  FrameFacts facts = read_facts(bytes());
  if (!facts.time_us) facts.time_us = part_time_us;
  return facts;
}

FrameReader::FrameReader(std::size_t limit_bytes)
    : limit_(limit_bytes), capacity_(kFirst), memory_(allocate(kFirst)) {}

std::span<std::uint8_t> FrameReader::space() {
  if (capacity_ - end_ < kRead) {
    const Bytes kept = pending();
    const std::size_t needed = kept.size() + kRead;
    // Twice the needed size, so that a growing image moves only a few times.
    if (needed > capacity_ || begin_ < capacity_ / 2) capacity_ = std::max(kFirst, 2 * needed);
    auto memory = allocate(capacity_);
    std::memcpy(memory.get(), kept.data(), kept.size());
    memory_ = std::move(memory);
    begin_ = 0;
    end_ = kept.size();
  }
  return {memory_.get() + end_, capacity_ - end_};
}

std::optional<JpegImage> FrameReader::next() {
  while (in_image_ || find_image()) {
    switch (walker_.walk(pending())) {
      case JpegWalk::kDone:
        if (auto image = take()) return image;
        give_up(Dropped::kBroken);
        break;
      case JpegWalk::kMore:
        if (end_ - begin_ > limit_) {
          drop(Dropped::kTooLarge);
          skip(end_ - begin_);
          in_image_ = false;
          gap_counted_ = true;
          break;
        }
        if (!ended_) return std::nullopt;
        if (auto image = take_without_end(end_ - begin_)) return image;
        give_up(Dropped::kTruncated);
        break;
      case JpegWalk::kBad:
        if (walker_.fault() == JpegFault::kEmpty) {
          skip(walker_.at() + 2);
          in_image_ = false;
          empty_ = true;
        } else if (walker_.fault() == JpegFault::kTruncated) {
          if (auto image = take_without_end(walker_.at())) return image;
          give_up(Dropped::kTruncated);
        } else {
          give_up(Dropped::kBroken);
        }
        break;
    }
  }
  return std::nullopt;
}

// Drops an image. If one of its segments was cut short, the segment's length led the walk into the
// next image, so next() searches the walked bytes for another SOI. The number of these retries is
// bounded, because in a hostile stream every retry could walk the same bytes again.
void FrameReader::give_up(Dropped reason) {
  drop(reason);
  if (doubtful_ == 0) retries_ = 0;
  doubtful_ = std::max(doubtful_, walker_.at());
  skip(++retries_ > kRetries ? doubtful_ : 2);
  in_image_ = false;
  gap_counted_ = true;
}

void FrameReader::skip(std::size_t bytes) noexcept {
  begin_ += bytes;
  doubtful_ -= std::min(doubtful_, bytes);
}

// Moves begin_ to the next SOI and judges the bytes before it. False: there is no SOI yet.
bool FrameReader::find_image() {
  const std::string_view text = as_text(pending());
  const auto at = text.find(kImageStart, searched_);
  if (at == text.npos) {
    searched_ = text.size() - std::min(text.size(), kImageStart.size() - 1);
    if (searched_ > kLongestGap || ended_) {
      judge_gap(text);
      gap_counted_ = true;
      skip(searched_);
      searched_ = 0;
    }
    return false;
  }
  judge_gap(text.substr(0, at));
  skip(at);
  searched_ = 0;
  walker_ = JpegWalker();
  in_image_ = true;
  return true;
}

// Counts the bytes between two images as garbage, unless they are a part's header.
void FrameReader::judge_gap(std::string_view gap) {
  const std::string_view head = without_padding(gap);
  const bool is_head = head.starts_with("--") || head.find("Content-") != head.npos;
  if (is_head) multipart_ = true;
  if (!head.empty() && !is_head && !gap_counted_) drop(Dropped::kGarbage);
  gap_counted_ = false;
  // An image without a picture is in the same part as the picture after it.
  if (!std::exchange(empty_, false) || is_head) part_time_us_ = find_time(head);
}

// nullopt: the image's segments cannot be cleaned.
std::optional<JpegImage> FrameReader::take() {
  const Bytes bytes = pending().first(walker_.info().size);
  FrameParts parts;
  if (arrange_jpeg(bytes, walker_.info(), as_text(find_com(bytes)), parts) != JpegFault::kNone)
    return std::nullopt;
  in_image_ = false;
  if (is_contiguous(parts)) return take_as_it_is();
  JpegImage image = take_parts(parts);
  skip(bytes.size());
  return image;
}

// The image is in the next `bytes` bytes, without its EOI. Bytes that were part of a failed image
// are not tried, because in a hostile stream they could be read many times. nullopt: the image is
// cut short.
std::optional<JpegImage> FrameReader::take_without_end(std::size_t bytes) {
  const Bytes rest = pending().first(bytes);
  FrameParts parts;
  if (doubtful_ > 0 ||
      arrange_jpeg(rest, walker_.info(), as_text(find_com(rest)), parts) != JpegFault::kNone)
    return std::nullopt;
  in_image_ = false;
  JpegImage image = take_parts(parts);
  const Bytes scan = parts[kScanPart];
  skip(static_cast<std::size_t>(scan.data() + scan.size() - rest.data()));
  return image;
}

JpegImage FrameReader::take_parts(const FrameParts& parts) const {
  JpegImage image;
  image.part_time_us = part_time_us_;
  image.memory = allocate(size_of(parts));
  std::uint8_t* to = image.memory.get();
  for (const Bytes part : parts) to = std::copy(part.begin(), part.end(), to);
  walk_jpeg({image.memory.get(), size_of(parts)}, image.info);
  return image;
}

// Moves the image at begin_ or the bytes after it, whichever are fewer, to other memory. A writer
// that writes whole images leaves few bytes after the image.
JpegImage FrameReader::take_as_it_is() {
  JpegImage image;
  image.info = walker_.info();
  image.part_time_us = part_time_us_;
  const std::size_t size = image.info.size, rest = end_ - begin_ - size;
  if (rest > size) {
    image.memory = allocate(size);
    std::memcpy(image.memory.get(), pending().data(), size);
    skip(size);
    return image;
  }
  image.offset = begin_;
  capacity_ = std::max(kFirst, 2 * size + kRead);
  auto memory = allocate(capacity_);
  std::memcpy(memory.get(), memory_.get() + begin_ + size, rest);
  image.memory = std::exchange(memory_, std::move(memory));
  skip(size);
  begin_ = 0;
  end_ = rest;
  return image;
}

}  // namespace kvm
