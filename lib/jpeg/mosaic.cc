#include "jpeg/mosaic.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace kvm {

namespace {

// What another piece costs, as bits: its place on the wire, and the effort to decode it.
constexpr std::size_t kPieceBits = 8 * 150, kMostPieces = 64;

// Of a picture that is cut: 8192 × 8192 pixels at least. A broken header may say anything.
constexpr std::size_t kMostMcus = 1 << 20, kMostHead = 8192;

int divided_up(int value, int by) {
  return (value + by - 1) / by;
}

// A picture that changes all over, or cannot be cut, goes whole; to see so may take this part of
// the time.
constexpr std::int64_t kRestFor = 32;

// What a piece needs, the frame header first: not the comments, thumbnails and profiles, but what
// decides the colour space.
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
    rest_until_us_ = now_us + kRestFor * (clock_() - now_us);
}

// Segment by segment; false: they are not what the header promises.
bool Mosaic::read(Bytes image, const JpegInfo& info) {
  const std::uint8_t* const all = image.data();
  std::size_t number = 0, from = info.scan;
  for (std::size_t at = from; at + 1 < info.size;) {
    const void* const found = std::memchr(all + at, 0xff, info.size - 1 - at);
    if (!found) return false;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - all);
    const std::uint8_t next = all[at + 1];
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

// Ready for the image's segments; false: it cannot be cut.
bool Mosaic::begin(Bytes image, const JpegInfo& info) {
  std::string head = head_of(image, info);
  const int columns = divided_up(info.width, info.mcu_width);
  const int rows = divided_up(info.height, info.mcu_height);
  const auto mcus = static_cast<std::size_t>(columns * rows);
  const std::size_t interval =
      info.restart_interval ? static_cast<std::size_t>(info.restart_interval) : mcus;
  if (head_ && *head_ == head && interval_ == interval) return true;

  begun_ = id_;
  // A block takes two bits at least, a segment a marker and a byte.
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

// Compares it with what it was.
bool Mosaic::read_segment(std::size_t number, Bytes coded) {
  Segment& segment = segments_[number];
  const std::uint64_t hash = XXH3_64bits(coded.data(), coded.size());
  if (segment.hash == hash) return true;
  segment = {hash, CodedBits(coded)};
  const std::size_t first = number * interval_;
  fresh_.resize(std::min(interval_, mcus_.size() - first));
  if (!code_->read(segment.bits, fresh_)) return false;
  for (std::size_t i = 0; i < fresh_.size(); ++i) {
    CodedMcu& mcu = mcus_[first + i];
    if (mcu.content != fresh_[i].content) {
      stamps_[first + i].content = id_;
      changed_bytes_ += fresh_[i].bits / 8;
    }
    if (mcu.colour != fresh_[i].colour) stamps_[first + i].colour = id_;
    mcu = fresh_[i];
  }
  return true;
}

std::size_t Mosaic::bits(const Rect& rect) const noexcept {
  const auto sum = [&](int column, int row) {
    return sums_[static_cast<std::size_t>(row * (columns_ + 1) + column)];
  };
  return sum(rect.right, rect.bottom) - sum(rect.left, rect.bottom) - sum(rect.right, rect.top) +
         sum(rect.left, rect.top);
}

// In rectangles that are cheap to send: neighbours are joined where what lies between costs less
// than another piece.
std::vector<Mosaic::Rect> Mosaic::changed_since(std::uint32_t shown) const {
  const auto stride = static_cast<std::size_t>(columns_) + 1;
  sums_.assign(stride * (static_cast<std::size_t>(rows_) + 1), 0);
  for (int row = 0; row < rows_; ++row) {
    std::uint32_t line = 0;
    for (int column = 0; column < columns_; ++column) {
      const std::size_t corner =
          static_cast<std::size_t>(row + 1) * stride + static_cast<std::size_t>(column) + 1;
      sums_[corner] = sums_[corner - stride] + (line += mcus_[index(column, row)].bits);
    }
  }

  std::vector<Rect> done, open;  // those that end above the row at hand, and the others
  for (int row = 0; row < rows_; ++row) {
    const auto ended = std::stable_partition(open.begin(), open.end(),
                                             [&](const Rect& rect) { return rect.bottom >= row; });
    done.insert(done.end(), ended, open.end());
    open.erase(ended, open.end());
    for (int column = 0; column < columns_; ++column) {
      if (stamps_[index(column, row)].content <= shown) continue;
      Rect rect{column, row, column + 1, row + 1};
      const bool enough = done.size() + open.size() >= kMostPieces;
      for (std::size_t i = open.size(); i-- > 0;) {
        const Rect& other = open[i];
        const Rect both{std::min(rect.left, other.left), std::min(rect.top, other.top),
                        std::max(rect.right, other.right), std::max(rect.bottom, other.bottom)};
        if (!enough && bits(both) > bits(rect) + bits(other) + kPieceBits) continue;
        rect = both;
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
        i = open.size();  // the larger one may reach others
      }
      open.push_back(rect);
    }
  }
  done.insert(done.end(), open.begin(), open.end());
  return done;
}

// Of two lines of MCUs side by side: interpolation between them changes nothing.
bool Mosaic::blend(const Rect& inside, const Rect& outside) const noexcept {
  for (int row = 0; row < inside.bottom - inside.top; ++row)
    for (int column = 0; column < inside.right - inside.left; ++column)
      if (!mcus_[index(inside.left + column, inside.top + row)].blends(
              mcus_[index(outside.left + column, outside.top + row)]))
        return false;
  return true;
}

// A decoder interpolates colours of less than full resolution over the edge of an MCU. So where the
// colours beyond the piece's edge are others, it gets a line of MCUs from there which is not drawn;
// and where its own colours changed (`bleeds`), the outermost pixels of that line are drawn too.
std::optional<Mosaic::Piece> Mosaic::cut(const Rect& rect, bool bleeds) const {
  const Rect around{std::max(rect.left - 1, 0), std::max(rect.top - 1, 0),
                    std::min(rect.right + 1, columns_), std::min(rect.bottom + 1, rows_)};
  const auto [left, top, right, bottom] = around;
  Rect with = around;
  if (!bleeds) {
    // With the corners: there both directions meet. libjpeg interpolates no image of two samples.
    const bool narrow = width_ - rect.left * mcu_width_ <= 4;
    if (left < rect.left && !narrow &&
        blend({left + 1, top, left + 2, bottom}, {left, top, left + 1, bottom}))
      with.left = rect.left;
    if (right > rect.right &&
        blend({right - 2, top, right - 1, bottom}, {right - 1, top, right, bottom}))
      with.right = rect.right;
    if (top < rect.top && blend({left, top + 1, right, top + 2}, {left, top, right, top + 1}))
      with.top = rect.top;
    if (bottom > rect.bottom &&
        blend({left, bottom - 2, right, bottom - 1}, {left, bottom - 1, right, bottom}))
      with.bottom = rect.bottom;
  }
  Piece piece{};
  piece.x = with.left * mcu_width_;
  piece.y = with.top * mcu_height_;
  piece.width = std::min(with.right * mcu_width_, width_) - piece.x;
  piece.height = std::min(with.bottom * mcu_height_, height_) - piece.y;
  piece.left = with.left < rect.left ? mcu_width_ - bleeds : 0;
  piece.top = with.top < rect.top ? mcu_height_ - bleeds : 0;
  const int end_x = rect.right * mcu_width_ + bleeds, end_y = rect.bottom * mcu_height_ + bleeds;
  piece.right = std::max(piece.x + piece.width - end_x, 0);
  piece.bottom = std::max(piece.y + piece.height - end_y, 0);

  piece.coded.reserve(bits(with) / 8 + 64);
  BitWriter writer(piece.coded);
  DcValues dc{};
  for (int row = with.top; row < with.bottom; ++row)
    for (std::size_t at = index(with.left, row), end = index(with.right, row); at < end;) {
      const std::size_t number = at / interval_, next = std::min(end, (number + 1) * interval_);
      const DcValues before = at % interval_ == 0 ? DcValues{} : mcus_[at - 1].dc;
      if (!code_->append(writer, dc, segments_[number].bits,
                         std::span(mcus_).subspan(at, next - at), before))
        return std::nullopt;
      at = next;
    }
  writer.finish();
  piece.coded += "\xff\xd9";
  return piece;
}

std::optional<std::vector<Mosaic::Piece>> Mosaic::since(std::uint32_t shown) const {
  if (!head_ || shown < begun_) return std::nullopt;
  const std::vector<Rect> rects = changed_since(shown);
  std::size_t all = 0;
  for (const Rect& rect : rects) all += bits(rect);
  if (all / 8 >= size_) return std::nullopt;
  std::vector<Piece> pieces;
  for (const Rect& rect : rects) {
    bool bleeds = false;
    for (int row = rect.top; row < rect.bottom; ++row)
      for (int column = rect.left; column < rect.right; ++column)
        bleeds = bleeds || stamps_[index(column, row)].colour > shown;
    auto piece = cut(rect, bleeds);
    if (!piece) return std::nullopt;
    pieces.push_back(std::move(*piece));
  }
  return pieces;
}

}  // namespace kvm
