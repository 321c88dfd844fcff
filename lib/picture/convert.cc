#include "picture/convert.h"

#include <algorithm>
#include <cstring>

#include "picture/convert_rows.h"

namespace kvm {

namespace {

std::size_t size(int value) {
  return static_cast<std::size_t>(value);
}

int rounded_up(int value, int to) {
  return (value + to - 1) / to * to;
}

// Rows of bytes, `stride` apart.
struct Rows {
  std::uint8_t* first;
  std::size_t stride;
  std::uint8_t* operator[](int row) const { return first + size(row) * stride; }
};

// The conversion of one rectangle. `cb` and `cr` are scratch rows at the chroma resolution of the
// source.
struct Piece {
  const Image& image;
  const PixelFormat& format;
  const Rect& rect;
  int chroma_width, chroma_rows;
  Rows y, cb, cr;
  Rows rgb[3];  // one row each

  const std::uint8_t* source(int plane, int row, int sample_bytes, int column) const {
    const auto i = size(plane);
    return image.planes[i] + size(row) * image.strides[i] + size(column) * size(sample_bytes);
  }
  void unpack() const;
  void unpack_rgb(int row) const;
  void correct_colours() const;
};

void Piece::unpack_rgb(int row) const {
  const std::uint8_t* from = source(0, rect.y + row, format.pixel_bytes, rect.x);
  std::uint8_t *r = rgb[0][0], *g = rgb[1][0], *b = rgb[2][0];
  if (format.layout == PixelLayout::kRgb565)
    split_rgb565(from, rect.width, r, g, b);
  else if (format.pixel_bytes == 3)
    split3(from, rect.width, format.at[0] == 0 ? r : b, g, format.at[0] == 0 ? b : r);
  else
    split4(from, rect.width, format.at, r, g, b);
  if (image.limited_range)
    for (std::uint8_t* channel : {r, g, b}) expand_luma(channel, rect.width);
  rgb_to_ycc(r, g, b, rect.width, y[row], cb[row], cr[row]);
}

void Piece::unpack() const {
  const int chroma_x = rect.x / format.chroma_x, chroma_y = rect.y / format.chroma_y;
  switch (format.layout) {
    case PixelLayout::kRgb:
    case PixelLayout::kRgb565:
      for (int row = 0; row < rect.height; ++row) unpack_rgb(row);
      return;
    case PixelLayout::kPacked422:
      for (int row = 0; row < rect.height; ++row)
        split_422(source(0, rect.y + row, 2, rect.x), rect.width, format.at[0] == 0, y[row],
                  (format.at[1] < format.at[2] ? cb : cr)[row],
                  (format.at[1] < format.at[2] ? cr : cb)[row]);
      return;
    case PixelLayout::kSemiPlanar:
      for (int row = 0; row < chroma_rows; ++row)
        split2(source(1, chroma_y + row, 2, chroma_x), chroma_width,
               (format.at[1] == 0 ? cb : cr)[row], (format.at[1] == 0 ? cr : cb)[row]);
      break;
    case PixelLayout::kPlanar:
      for (int row = 0; row < chroma_rows; ++row) {
        std::memcpy(cb[row], source(format.at[1], chroma_y + row, 1, chroma_x), size(chroma_width));
        std::memcpy(cr[row], source(format.at[2], chroma_y + row, 1, chroma_x), size(chroma_width));
      }
      break;
    case PixelLayout::kGrey:
      break;
  }
  for (int row = 0; row < rect.height; ++row)
    std::memcpy(y[row], source(0, rect.y + row, 1, rect.x), size(rect.width));
}

void Piece::correct_colours() const {
  if (format.layout == PixelLayout::kRgb || format.layout == PixelLayout::kRgb565) return;
  const bool grey = format.layout == PixelLayout::kGrey;
  if (image.encoding == ColorEncoding::k709 && !grey) {
    for (int row = 0; row < rect.height; ++row)
      luma_from_709(y[row], cb[row / format.chroma_y], cr[row / format.chroma_y], rect.width,
                    format.chroma_x, image.limited_range);
    for (int row = 0; row < chroma_rows; ++row)
      chroma_from_709(cb[row], cr[row], chroma_width, image.limited_range);
  } else if (image.limited_range) {
    for (int row = 0; row < rect.height; ++row) expand_luma(y[row], rect.width);
    for (int row = 0; row < chroma_rows; ++row) {
      expand_chroma(cb[row], chroma_width);
      expand_chroma(cr[row], chroma_width);
    }
  }
}

void repeat_last_column(std::uint8_t* row, int width, int padded) {
  std::memset(row + width, row[width - 1], size(padded - width));
}

void repeat_last_row(const Rows& rows, int height, int padded, int width) {
  for (int row = height; row < padded; ++row) std::memcpy(rows[row], rows[height - 1], size(width));
}

}  // namespace

void Converter::convert(const Image& image, const Rect& rect, Subsampling subsampling,
                        const Planes& out) {
  const PixelFormat& format = *find_pixel_format(image.fourcc);
  const bool grey = format.layout == PixelLayout::kGrey;
  const int to_x = grey ? 1 : chroma_x(subsampling), to_y = grey ? 1 : chroma_y(subsampling);
  const int from_x = format.chroma_x, from_y = format.chroma_y;
  const int padded_width = rounded_up(rect.width, 8 * to_x);
  const int padded_height = rounded_up(rect.height, 8 * to_y);

  const std::size_t stride = size(rounded_up(padded_width, 64) + 64);
  constexpr int kMostRows = 16;
  scratch_.resize(std::max(scratch_.size(), (2 * kMostRows + 3) * stride));
  const auto rows = [&](int first) { return Rows{scratch_.data() + size(first) * stride, stride}; };

  Piece piece{image,
              format,
              rect,
              (rect.width + from_x - 1) / from_x,
              (rect.height + from_y - 1) / from_y,
              {out.y, out.y_stride},
              rows(0),
              rows(kMostRows),
              {rows(2 * kMostRows), rows(2 * kMostRows + 1), rows(2 * kMostRows + 2)}};
  piece.unpack();
  piece.correct_colours();

  for (int row = 0; row < rect.height; ++row)
    repeat_last_column(piece.y[row], rect.width, padded_width);
  repeat_last_row(piece.y, rect.height, padded_height, padded_width);
  if (grey) return;

  const int out_width = padded_width / to_x;
  const int out_rows = (rect.height + to_y - 1) / to_y;
  for (const auto& [from, to] : {std::pair{piece.cb, Rows{out.cb, out.chroma_stride}},
                                 std::pair{piece.cr, Rows{out.cr, out.chroma_stride}}}) {
    for (int row = 0; row < piece.chroma_rows; ++row)
      repeat_last_column(from[row], piece.chroma_width, padded_width / from_x);
    for (int row = 0; row < out_rows; ++row) {
      const std::uint8_t* above = from[row * to_y / from_y];
      const std::uint8_t* below = from[std::min(row * to_y + to_y - 1, rect.height - 1) / from_y];
      if (from_x < to_x)
        above == below ? average2x1(above, out_width, to[row])
                       : average2x2(above, below, out_width, to[row]);
      else if (from_x > to_x)
        repeat2x1(above, out_width, to[row]);
      else if (above != below)
        average1x2(above, below, out_width, to[row]);
      else
        std::memcpy(to[row], above, size(out_width));
    }
    repeat_last_row(to, out_rows, padded_height / to_y, out_width);
  }
}

}  // namespace kvm
