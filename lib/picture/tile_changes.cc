#include "picture/tile_changes.h"

#include <xxhash.h>
#if __has_include(<xxh_x86dispatch.h>) && defined(__x86_64__)
#include <xxh_x86dispatch.h>  // XXH3 with the widest vectors that the processor has
#endif

#include <algorithm>
#include <cstring>

#include "picture/convert_rows.h"

namespace kvm {

namespace {

// Calls visit(plane, row, first byte in the row, bytes) for each row of `rect` in each plane. Stops
// and returns false if a call returns false.
template <class Visit>
bool each_row(const Image& image, const Rect& rect, Visit visit) {
  const PixelFormat& format = *find_pixel_format(image.fourcc);
  for (int plane = 0; plane < format.planes; ++plane) {
    const std::size_t left = plane_stride(format, plane, rect.x, 0);
    const std::size_t bytes = plane_stride(format, plane, rect.width, 0);
    const auto top = static_cast<std::size_t>(rect.y / (plane == 0 ? 1 : format.chroma_y));
    const auto rows = static_cast<std::size_t>(plane_rows(format, plane, rect.height));
    for (std::size_t row = top; row < top + rows; ++row)
      if (!visit(static_cast<std::size_t>(plane), row, left, bytes)) return false;
  }
  return true;
}

}  // namespace

void hash_tiles(const Image& image, const Rect& row, int tile_width,
                std::array<std::uint64_t, kMostColumns>& hashes) noexcept {
  // XXH3 needs its input in one piece, so this hashes each line of a tile, then the lines' hashes.
  std::array<std::array<std::uint64_t, 2 + 3 * 16>, kMostColumns> lines;
  const auto columns = static_cast<std::size_t>((row.width + tile_width - 1) / tile_width);
  for (std::size_t column = 0; column < columns; ++column) {
    const int left = static_cast<int>(column) * tile_width;
    lines[column][0] = static_cast<std::uint64_t>(std::min(tile_width, row.width - left));
    lines[column][1] = static_cast<std::uint64_t>(row.height);
  }
  const PixelFormat& format = *find_pixel_format(image.fourcc);
  std::size_t count = 2;
  // Reads in the order of memory, with prefetch.
  each_row(image, row, [&](auto plane, auto y, auto left, auto bytes) {
    const std::uint8_t* line = image.planes[plane] + y * image.strides[plane] + left;
    const std::size_t each = plane_stride(format, static_cast<int>(plane), tile_width, 0);
    for (std::size_t column = 0, at = 0; column < columns; ++column, at += each) {
      const std::size_t size = std::min(each, bytes - at);
      for (std::size_t i = 0; i < size; i += 64)
        __builtin_prefetch(line + at + i + 2 * image.strides[plane], 0, 2);
      lines[column][count] = XXH3_64bits(line + at, size);
    }
    ++count;
    return true;
  });
  for (std::size_t column = 0; column < columns; ++column)
    hashes[column] = XXH3_64bits(lines[column].data(), count * sizeof lines[column][0]);
}

std::uint64_t hash_row(const Image& image, const Rect& row) noexcept {
  const PixelFormat& format = *find_pixel_format(image.fourcc);
  std::array<std::uint64_t, 3> planes{};
  for (int plane = 0; plane < format.planes; ++plane) {
    const auto i = static_cast<std::size_t>(plane);
    const auto top = static_cast<std::size_t>(row.y / (plane == 0 ? 1 : format.chroma_y));
    const auto rows = static_cast<std::size_t>(plane_rows(format, plane, row.height));
    const std::size_t stride = image.strides[i];
    const std::size_t bytes = plane_stride(format, plane, row.width, 0);
    // This includes the padding of the lines. If only the padding changes, hash_tiles() is called
    // needlessly, but no tile is encoded.
    const std::uint8_t* from = image.planes[i] + top * stride;
    const std::size_t size = (rows - 1) * stride + bytes;
    // Prefetches the pages of the next row: the processor itself prefetches only within a page.
    constexpr std::size_t kPage = 4096;
    for (std::size_t at = 0; at < size; at += kPage) __builtin_prefetch(from + size + at, 0, 2);
    planes[i] = XXH3_64bits(from, size);
  }
  return XXH3_64bits(planes.data(), sizeof planes);
}

TileReference::TileReference(const Image& like) {
  const PixelFormat& format = *find_pixel_format(like.fourcc);
  pixels_.resize(image_bytes(format, like.width, like.height, 0));
  kept_ = image_over(format, like.width, like.height, 0, pixels_.data());
}

void TileReference::keep(const Image& image, const Rect& rect) noexcept {
  each_row(image, rect, [&](auto plane, auto row, auto left, auto bytes) {
    const std::uint8_t* to = kept_.planes[plane] + row * kept_.strides[plane] + left;
    std::memcpy(&pixels_[static_cast<std::size_t>(to - pixels_.data())],
                image.planes[plane] + row * image.strides[plane] + left, bytes);
    return true;
  });
}

bool TileReference::is_within(int noise, const Image& image, const Rect& rect) const noexcept {
  const bool rgb565 = find_pixel_format(image.fourcc)->layout == PixelLayout::kRgb565;
  return each_row(image, rect, [&](auto plane, auto row, auto left, auto bytes) {
    const std::uint8_t* now = image.planes[plane] + row * image.strides[plane] + left;
    const std::uint8_t* kept = kept_.planes[plane] + row * kept_.strides[plane] + left;
    const auto n = static_cast<int>(bytes);
    return (rgb565 ? most_difference_rgb565(now, kept, n / 2) : most_difference(now, kept, n)) <=
           noise;
  });
}

}  // namespace kvm
