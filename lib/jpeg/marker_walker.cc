#include "jpeg/marker_walker.h"

#include <algorithm>
#include <cstring>

namespace kvm {

namespace {

int word(Bytes bytes, std::size_t at) {
  return bytes[at] << 8 | bytes[at + 1];
}

constexpr const char* kFaultNames[] = {"none", "empty", "not-jpeg", "truncated", "corrupt"};

}  // namespace

bool is_sof(std::uint8_t marker) noexcept {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

bool is_bare(std::uint8_t marker) noexcept {
  return marker == kTem || (marker >= kRst0 && marker <= kRst7);
}

const char* name_of(JpegFault fault) noexcept {
  return kFaultNames[static_cast<int>(fault)];
}

JpegWalk JpegWalker::bad(JpegFault fault) noexcept {
  fault_ = fault;
  return JpegWalk::kBad;
}

JpegWalk JpegWalker::walk(Bytes image) {
  if (at_ == 0) {
    if (image.size() < 2) return JpegWalk::kMore;
    if (image[0] != 0xff || image[1] != kSoi) return bad(JpegFault::kNotJpeg);
    info_.first_segment = at_ = 2;
  }
  for (;;) {
    if ((in_scan_ && !leave_scan(image)) || at_ + 1 >= image.size()) return JpegWalk::kMore;
    if (image[at_] != 0xff) return bad(JpegFault::kCorrupt);
    const std::uint8_t marker = image[at_ + 1];
    if (marker == 0xff) {  // fill bytes, B.1.1.2
      ++at_;
    } else if (is_bare(marker)) {
      at_ += 2;
    } else if (marker == kEoi) {
      if (info_.scans == 0) return bad(JpegFault::kEmpty);
      info_.size = at_ + 2;
      return JpegWalk::kDone;
    } else if (marker == kSoi) {
      return bad(JpegFault::kTruncated);  // the next image begins inside this one
    } else {
      const JpegWalk result = read_segment(image, marker);
      if (result != JpegWalk::kDone) return result;
    }
  }
}

// Moves on to the marker that ends the entropy-coded data. False: `image` does not reach it yet.
bool JpegWalker::leave_scan(Bytes image) noexcept {
  for (;;) {
    const void* found =
        at_ < image.size() ? std::memchr(image.data() + at_, 0xff, image.size() - at_) : nullptr;
    at_ = found ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - image.data())
                : image.size();
    if (at_ + 1 >= image.size()) return false;
    const std::uint8_t next = image[at_ + 1];
    if (next == 0 || (next >= kRst0 && next <= kRst7)) {
      at_ += 2;
    } else if (next == 0xff) {
      ++at_;
    } else {
      in_scan_ = false;
      return true;
    }
  }
}

// kDone: at_ is now after the segment.
JpegWalk JpegWalker::read_segment(Bytes image, std::uint8_t marker) {
  if (marker < kSof0) return bad(JpegFault::kCorrupt);
  if (at_ + 4 > image.size()) return JpegWalk::kMore;
  const auto length = static_cast<std::size_t>(word(image, at_ + 2));
  if (length < 2) return bad(JpegFault::kCorrupt);
  const std::size_t end = at_ + 2 + length;
  if (end > image.size()) return JpegWalk::kMore;
  const Bytes body = image.subspan(at_ + 4, length - 2);
  if (marker == kDht) {
    info_.has_huffman_tables = true;
  } else if (is_sof(marker)) {
    if (!read_sof(body)) return bad(JpegFault::kCorrupt);
    info_.baseline = marker == kSof0;
  } else if (marker == kDri) {
    if (body.size() != 2) return bad(JpegFault::kCorrupt);
    info_.restart_interval = word(body, 0);
  } else if (marker == kSos) {
    if (!read_sos(body)) return bad(JpegFault::kCorrupt);
  }
  at_ = end;
  return JpegWalk::kDone;
}

bool JpegWalker::read_sos(Bytes body) {
  if (info_.sof == 0 || body.empty() || body[0] < 1 || body[0] > 4 ||
      body.size() != 4 + 2u * body[0])
    return false;
  if (info_.scans++ == 0) {
    info_.sos = at_;
    info_.scan = at_ + 4 + body.size();
  }
  in_scan_ = true;
  return true;
}

bool JpegWalker::read_sof(Bytes body) {
  if (info_.sof != 0 || body.size() < 6) return false;
  info_.sof = at_;
  info_.height = word(body, 1);
  info_.width = word(body, 3);
  info_.components = body[5];
  if (info_.width == 0 || info_.height == 0 || info_.components == 0 || info_.components > 4 ||
      body.size() != 6 + 3u * static_cast<unsigned>(info_.components))
    return false;
  int most_h = 0, most_v = 0;
  for (int i = 0; i < info_.components; ++i) {
    const int sampling = body[7 + 3u * static_cast<unsigned>(i)];
    const int h = sampling >> 4, v = sampling & 15;
    if (h < 1 || h > 4 || v < 1 || v > 4) return false;
    most_h = std::max(most_h, h);
    most_v = std::max(most_v, v);
  }
  // A scan of one component is not interleaved: its MCU is one block (A.2.2).
  info_.mcu_width = info_.components == 1 ? 8 : 8 * most_h;
  info_.mcu_height = info_.components == 1 ? 8 : 8 * most_v;
  return true;
}

JpegWalk walk_jpeg(Bytes image, JpegInfo& info) {
  JpegWalker walker;
  const JpegWalk result = walker.walk(image);
  info = walker.info();
  return result;
}

std::vector<JpegSegment> segments_of(Bytes image, const JpegInfo& info) {
  std::vector<JpegSegment> segments;
  for (std::size_t at = info.first_segment; at < info.scan;) {
    const std::uint8_t marker = image[at + 1];
    if (marker == 0xff || is_bare(marker)) {
      at += marker == 0xff ? 1 : 2;
      continue;
    }
    const auto size = 2 + static_cast<std::size_t>(word(image, at + 2));
    segments.push_back({marker, image.subspan(at, size), image.subspan(at + 4, size - 4)});
    at += size;
  }
  return segments;
}

int tiles_across(int mcus) noexcept {
  for (const int tiles : {4, 5, 3, 6, 2})
    if (mcus % tiles == 0) return tiles;
  return 1;
}

}  // namespace kvm
