#include "jpeg/mosaic.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace kvm {

namespace {

// The cost of one more piece, expressed in bits: its header on the wire, and the effort to decode
// it.
constexpr std::size_t kPieceBits = 8 * 150;
constexpr std::size_t kMostPieces = 64;

// Larger pictures are not cut, because a broken header may claim any size. 8192 × 8192 pixels are
// the limit, if an MCU is 8 × 8.
constexpr std::size_t kMostMcus = 1 << 20;
constexpr std::size_t kMostHead = 8192;  // bytes

// A frame that changes all over or cannot be cut is sent whole, so reading it was wasted. Then
// no frame is read for a while: this factor times the time that the wasted reading took.
constexpr std::int64_t kRestFactor = 32;

int divided_up(int value, int by) {
  return (value + by - 1) / by;
}

// The segments that a piece needs, the frame header first. Comments, thumbnails and profiles are
// left out; the segments that decide the colour space are kept.
std::string head_of(Bytes image, const JpegInfo& info) {
  std::string frame, tables, scan;
  for (const JpegSegment& segment : segments_of(image, info)) {
    if (segment.marker == kSof0)
      frame = as_text(segment.all);
    else if (segment.marker == kSos)
      scan = as_text(segment.all);
    else if (segment.marker == kDqt || segment.marker == kDht || segment.marker == kApp14 ||
             (segment.marker == kApp0 && as_text(segment.body).starts_with("JFIF")))
      tables += as_text(segment.all);
  }
  return "\xff\xd8" + frame + tables + scan;
}

}  // namespace

void Mosaic::show(Bytes image, const JpegInfo& info, std::uint32_t id) {
  const std::int64_t now_us = clock_();
  id_ = id;
  size_ = info.size;
  changed_bytes_ = 0;
  const bool first = !head_;
  if (now_us < rest_until_us_) return head_.reset();
  const bool cut = begin(image, info) && read(image, info);
  if (!cut) head_.reset();
  if (!cut || (!first && (begun_ == id_ || changed_bytes_ > info.size / 4 * 3)))
    rest_until_us_ = now_us + kRestFactor * (clock_() - now_us);
}

// Reads the image segment by segment. False: the segments do not match the header.
bool Mosaic::read(Bytes image, const JpegInfo& info) {
  const std::uint8_t* const bytes = image.data();
  std::size_t number = 0, from = info.scan;
  for (std::size_t at = from; at + 1 < info.size;) {
    const void* const found = std::memchr(bytes + at, 0xff, info.size - 1 - at);
    if (!found) return false;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes);
    const std::uint8_t next = bytes[at + 1];
    if (next == 0) {
      at += 2;
      continue;
    }
    const bool last = number + 1 == segments_.size();
    if (next != (last ? std::size_t{kEoi} : kRst0 + number % 8)) return false;
    if (!read_segment(number++, image.subspan(from, at - from))) return false;
    if (last) return true;
    from = at += 2;
  }
  return false;
}

// Prepares for the image's segments. False: the image cannot be cut.
bool Mosaic::begin(Bytes image, const JpegInfo& info) {
  std::string head = head_of(image, info);
  const int columns = divided_up(info.width, info.mcu_width);
  const int rows = divided_up(info.height, info.mcu_height);
  const auto mcus = static_cast<std::size_t>(columns * rows);
  const std::size_t interval =
      info.restart_interval ? static_cast<std::size_t>(info.restart_interval) : mcus;
  if (head_ && *head_ == head && interval_ == interval) return true;

  begun_ = id_;
  // Refuses a header that claims more than the image can hold: a block takes at least two bits, and
  // a segment at least a marker and a byte.
  if (mcus > kMostMcus || mcus / 4 > info.size || mcus / interval > info.size / 3 ||
      head.size() > kMostHead)
    return false;
  head_ = std::make_shared<const std::string>(std::move(head));
  code_ = McuCode::of(image, info);
  width_ = info.width;
  height_ = info.height;
  mcu_width_ = info.mcu_width;
  mcu_height_ = info.mcu_height;
  columns_ = columns;
  rows_ = rows;
  interval_ = interval;
  segments_.assign((mcus + interval - 1) / interval, {});
  mcus_.assign(mcus, {});
  stamps_.assign(mcus, {id_, id_});
  return code_.has_value();
}

// Reads a segment, unless its bytes equal those of the previous frame. False: it is damaged.
bool Mosaic::read_segment(std::size_t number, Bytes coded) {
  Segment& segment = segments_[number];
  const std::uint64_t hash = XXH3_64bits(coded.data(), coded.size());
  if (segment.hash == hash) return true;
  segment = {hash, CodedBits(coded)};
  const std::size_t first = number * interval_;
  fresh_.resize(std::min(interval_, mcus_.size() - first));
  if (!code_->read(segment.bits, fresh_)) return false;
  update_mcus(first);
  return true;
}

// Replaces the MCUs from number `first` on by the fresh ones, and stamps those that changed.
void Mosaic::update_mcus(std::size_t first) {
  for (std::size_t i = 0; i < fresh_.size(); ++i) {
    CodedMcu& mcu = mcus_[first + i];
    if (mcu.content != fresh_[i].content) {
      stamps_[first + i].content = id_;
      changed_bytes_ += fresh_[i].bits / 8;
    }
    if (mcu.colour != fresh_[i].colour) stamps_[first + i].colour = id_;
    mcu = fresh_[i];
  }
}

void Mosaic::sum_bits() const {
  const auto stride = static_cast<std::size_t>(columns_) + 1;
  sums_.assign(stride * (static_cast<std::size_t>(rows_) + 1), 0);
  for (int row = 0; row < rows_; ++row) {
    std::uint32_t row_bits = 0;
    for (int column = 0; column < columns_; ++column) {
      const std::size_t corner =
          static_cast<std::size_t>(row + 1) * stride + static_cast<std::size_t>(column) + 1;
      row_bits += mcus_[index(column, row)].bits;
      sums_[corner] = sums_[corner - stride] + row_bits;
    }
  }
}

std::size_t Mosaic::bits(const Rect& rect) const noexcept {
  const auto sum = [&](int column, int row) {
    return sums_[static_cast<std::size_t>(row * (columns_ + 1) + column)];
  };
  return sum(rect.right, rect.bottom) - sum(rect.left, rect.bottom) - sum(rect.right, rect.top) +
         sum(rect.left, rect.top);
}

// Extends `rect` over rectangles in `rects` and removes those from `rects`. kAll: over all of them;
// kCheap: only where the larger rectangle costs less than another piece.
void Mosaic::join(Rect& rect, std::vector<Rect>& rects, Join which) const {
  for (std::size_t i = rects.size(); i-- > 0;) {
    const Rect& other = rects[i];
    const Rect both{std::min(rect.left, other.left), std::min(rect.top, other.top),
                    std::max(rect.right, other.right), std::max(rect.bottom, other.bottom)};
    if (which == Join::kCheap && bits(both) > bits(rect) + bits(other) + kPieceBits) continue;
    rect = both;
    rects.erase(rects.begin() + static_cast<std::ptrdiff_t>(i));
    i = rects.size();  // the larger rectangle may reach others
  }
}

// The changed MCUs, as rectangles that are cheap to send.
std::vector<Mosaic::Rect> Mosaic::changed_since(std::uint32_t shown) const {
  sum_bits();
  std::vector<Rect> done, open;  // done: rectangles that end above the current row
  for (int row = 0; row < rows_; ++row) {
    const auto ended = std::stable_partition(open.begin(), open.end(),
                                             [&](const Rect& rect) { return rect.bottom >= row; });
    done.insert(done.end(), ended, open.end());
    open.erase(ended, open.end());
    for (int column = 0; column < columns_; ++column) {
      if (stamps_[index(column, row)].content <= shown) continue;
      Rect rect{column, row, column + 1, row + 1};
      const bool full = done.size() + open.size() >= kMostPieces;
      join(rect, open, full ? Join::kAll : Join::kCheap);
      open.push_back(rect);
    }
  }
  done.insert(done.end(), open.begin(), open.end());
  return done;
}

// Whether interpolation between two adjacent rows or columns of MCUs changes no pixel.
bool Mosaic::blends(const Rect& inside, const Rect& outside) const noexcept {
  for (int row = 0; row < inside.bottom - inside.top; ++row)
    for (int column = 0; column < inside.right - inside.left; ++column)
      if (!mcus_[index(inside.left + column, inside.top + row)].blends(
              mcus_[index(outside.left + column, outside.top + row)]))
        return false;
  return true;
}

// A decoder interpolates colours of less than full resolution across the edge of an MCU. So on each
// side where the colours beyond the edge differ, the piece gets a border: the next row or column of
// MCUs, which is not drawn. If the piece's own colours changed (`bleeds`), every side gets a
// border, and the innermost pixels of the border are drawn too.
Mosaic::Rect Mosaic::with_border(const Rect& rect, bool bleeds) const {
  const Rect around{std::max(rect.left - 1, 0), std::max(rect.top - 1, 0),
                    std::min(rect.right + 1, columns_), std::min(rect.bottom + 1, rows_)};
  if (bleeds) return around;
  const auto [left, top, right, bottom] = around;
  Rect bordered = around;
  // The compared rows and columns include the MCUs at the corners, because a decoder interpolates
  // in both directions there. A piece that begins a few pixels from the right edge of the picture
  // keeps its left border, because libjpeg does not interpolate an image that is two samples wide.
  const bool narrow = width_ - rect.left * mcu_width_ <= 4;
  if (left < rect.left && !narrow &&
      blends({left + 1, top, left + 2, bottom}, {left, top, left + 1, bottom}))
    bordered.left = rect.left;
  if (right > rect.right &&
      blends({right - 2, top, right - 1, bottom}, {right - 1, top, right, bottom}))
    bordered.right = rect.right;
  if (top < rect.top && blends({left, top + 1, right, top + 2}, {left, top, right, top + 1}))
    bordered.top = rect.top;
  if (bottom > rect.bottom &&
      blends({left, bottom - 2, right, bottom - 1}, {left, bottom - 1, right, bottom}))
    bordered.bottom = rect.bottom;
  return bordered;
}

// Copies the MCUs of `rect` as entropy-coded data. False: a DC difference has no code.
bool Mosaic::copy(const Rect& rect, std::string& coded) const {
  BitWriter writer(coded);
  DcValues dc{};
  for (int row = rect.top; row < rect.bottom; ++row)
    for (std::size_t at = index(rect.left, row), end = index(rect.right, row); at < end;) {
      const std::size_t number = at / interval_, next = std::min(end, (number + 1) * interval_);
      const DcValues before = at % interval_ == 0 ? DcValues{} : mcus_[at - 1].dc;
      if (!code_->append(writer, dc, segments_[number].bits,
                         std::span(mcus_).subspan(at, next - at), before))
        return false;
      at = next;
    }
  writer.finish();
  return true;
}

std::optional<Mosaic::Piece> Mosaic::cut(const Rect& rect, bool bleeds) const {
  const Rect bordered = with_border(rect, bleeds);
  Piece piece{};
  piece.x = bordered.left * mcu_width_;
  piece.y = bordered.top * mcu_height_;
  piece.width = std::min(bordered.right * mcu_width_, width_) - piece.x;
  piece.height = std::min(bordered.bottom * mcu_height_, height_) - piece.y;
  piece.left = bordered.left < rect.left ? mcu_width_ - bleeds : 0;
  piece.top = bordered.top < rect.top ? mcu_height_ - bleeds : 0;
  const int end_x = rect.right * mcu_width_ + bleeds, end_y = rect.bottom * mcu_height_ + bleeds;
  piece.right = std::max(piece.x + piece.width - end_x, 0);
  piece.bottom = std::max(piece.y + piece.height - end_y, 0);
  piece.coded.reserve(bits(bordered) / 8 + 64);
  if (!copy(bordered, piece.coded)) return std::nullopt;
  piece.coded += "\xff\xd9";
  return piece;
}

bool Mosaic::colour_changed(const Rect& rect, std::uint32_t shown) const noexcept {
  for (int row = rect.top; row < rect.bottom; ++row)
    for (int column = rect.left; column < rect.right; ++column)
      if (stamps_[index(column, row)].colour > shown) return true;
  return false;
}

std::optional<std::vector<Mosaic::Piece>> Mosaic::since(std::uint32_t shown) const {
  if (!head_ || shown < begun_) return std::nullopt;
  const std::vector<Rect> rects = changed_since(shown);
  std::size_t total_bits = 0;
  for (const Rect& rect : rects) total_bits += bits(rect);
  if (total_bits / 8 >= size_) return std::nullopt;
  std::vector<Piece> pieces;
  for (const Rect& rect : rects) {
    auto piece = cut(rect, colour_changed(rect, shown));
    if (!piece) return std::nullopt;
    pieces.push_back(std::move(*piece));
  }
  return pieces;
}

}  // namespace kvm
