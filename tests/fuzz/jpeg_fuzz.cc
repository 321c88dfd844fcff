// Fuzzes the pictures that a device may hand out: the marker walker, the cleaner and the retiler.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "jpeg/frame_facts.h"
#include "jpeg/frame_reader.h"
#include "jpeg/marker_walker.h"
#include "picture/retile.h"

using namespace kvm;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void require_whole(const std::vector<std::uint8_t>& out) {
  JpegInfo info;
  require(walk_jpeg(out, info) == JpegWalk::kDone);
  require(info.size == out.size() && info.has_huffman_tables);
  require(read_facts(out).sequence == 7u);
  for (const JpegSegment& segment : segments_of(out, info))
    require(segment.marker != kApp1 || !as_text(segment.body).starts_with("Exif"));
}

// A stream of cleaned images comes out of the reader as it is.
void require_clean(const std::vector<std::uint8_t>& image) {
  FrameReader reader;
  for (std::size_t at = 0; at < image.size();) {
    const auto space = reader.space();
    const std::size_t n = std::min(space.size(), image.size() - at);
    std::memcpy(space.data(), image.data() + at, n);
    reader.filled(n);
    at += n;
  }
  const auto read = reader.next();
  require(read && as_text(read->bytes()) == as_text(image));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Retiler retiler;
  const Bytes captured(data, size);
  const std::string com = com_segment({1, 7, SourceState::kLive});

  // The walk ends the same whether the bytes come at once or in two parts.
  JpegInfo once;
  const JpegWalk walked = walk_jpeg(captured, once);
  JpegWalker walker;
  walker.walk(captured.first(size / 2));
  require(walker.walk(captured) == walked && walker.info().size == once.size);

  FrameParts cleaned, again;
  if (clean_jpeg(captured, com, cleaned) == JpegFault::kNone) {
    const auto whole = joined(cleaned);
    require_whole(whole);
    require_clean(whole);
    require(clean_jpeg(whole, com, again) == JpegFault::kNone && joined(again) == whole);
    require(clean_jpeg(captured, "", again) == JpegFault::kNone && same_picture(cleaned, again));
    if (retiler.retile(cleaned) == JpegFault::kNone)
      require_whole(joined(cleaned));
    else
      require(joined(cleaned) == whole);
  }
  return 0;
}
