#include "picture/tile_encoder.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "jpeg/marker_walker.h"
#include "picture/tile_changes.h"
#include "picture/tile_coder.h"
#include "picture/tile_store.h"
#include "picture/workers.h"

namespace kvm {

namespace {

constexpr int kMostThreads = 8;
// Waking a thread costs about as much as encoding a few tiles.
constexpr int kTilesWorthHelp = 6;
constexpr std::size_t kIdleTileBytes = 4u << 20;
// A tile that differs only within `noise` is encoded again once in this number of pictures.
constexpr std::uint64_t kRefreshEvery = 64;
constexpr std::size_t kComRoom = 256;

std::size_t size(int value) {
  return static_cast<std::size_t>(value);
}

// A place on the screen.
struct Place {
  TileStore::Tile* tile = nullptr;  // the tile shown here; null: the place is new
  TileStore::Tile* next = nullptr;  // the tile of the picture in progress, if it changed
  std::uint64_t hash = 0;           // of the pixels that were encoded
  bool changed = false;             // since the previous picture
  std::size_t offset = 0;           // of the tile's bytes in the output
};

// The tools and results of one thread.
struct Worker {
  TileCoder coder;
  Converter converter;
  std::vector<std::uint8_t> samples;
  Planes planes{};

  explicit Worker(const TileShape& shape) : coder(shape) {
    const std::size_t stride = size(shape.mcus * shape.mcu_width()) + 16;
    const std::size_t plane = stride * size(shape.mcu_height()) + 16;
    samples.resize(3 * plane);
    planes = {samples.data(), &samples[plane], &samples[2 * plane], stride, stride};
  }

  bool has_made(std::uint64_t hash) const {
    return std::find(hashes.begin(), hashes.end(), hash) != hashes.end();
  }
  // Encodes `planes` as the next tile of `place`. The coder returns its bytes only at the next
  // call, or in settle().
  void encode(Place& place) {
    take(coder.encode(planes));
    pending = &place;
    hashes.push_back(place.hash);
  }
  void settle() { take(coder.flush()); }
  // Moves the encoded tiles to the store.
  void hand_over(TileStore& store) {
    std::size_t from = 0;
    for (const auto& [place, size] : made) {
      place->next = store.insert(place->hash, Bytes(bytes).subspan(from, size));
      from += size;
    }
    hashes.clear();
    made.clear();
    bytes.clear();
  }

 private:
  Place* pending = nullptr;
  std::vector<std::uint64_t> hashes;                 // of the tiles encoded for this picture
  std::vector<std::pair<Place*, std::size_t>> made;  // the same tiles: place and size in bytes
  std::vector<std::uint8_t> bytes;                   // of these tiles, one after the other

  void take(Bytes tile) {
    if (!pending) return;
    made.emplace_back(std::exchange(pending, nullptr), tile.size());
    bytes.insert(bytes.end(), tile.begin(), tile.end());
  }
};

// A row of places.
struct Strip {
  bool still = false;        // nothing in the row changed in the last picture
  std::uint64_t pixels = 0;  // hash_row() of that picture, if `still`
};

int thread_count(int wanted) {
  if (wanted > 0) return wanted;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostThreads);
}

}  // namespace

struct TileEncoder::State {
  const EncoderOptions options;
  Workers crew;
  const Workers::Job help = [this](int thread) { take_rows(thread); };

  // Format and size of the last picture, for which the members below were made. Its pixels may be
  // gone.
  Image like;
  TileShape shape;
  int columns = 0, rows = 0;
  std::vector<std::unique_ptr<Worker>> workers;  // one for each thread
  std::unique_ptr<TileStore> store;
  std::vector<Place> places;
  std::vector<Strip> strips;
  TileReference reference;  // the pixels as last encoded; empty if no noise is allowed
  std::vector<std::uint8_t> output;
  std::vector<std::uint8_t> front;  // SOI and APP0, which come before the comment
  std::size_t body = 0, scan = 0;  // offsets of the rest of the header and of the tiles in `output`
  bool whole = false;              // `output` holds the last picture

  // The picture in progress.
  const Image* image = nullptr;
  std::uint64_t number = 0;
  std::atomic<int> next_row = 0, encoded = 0;
  bool helped = false, unchanged = false;

  explicit State(const EncoderOptions& wanted)
      : options(wanted), crew(thread_count(wanted.threads) - 1) {}

  void fit(const Image& picture);
  Rect rect_of(int row, int column) const;
  void call_help();
  void work();
  void take_rows(int thread);
  bool encode_row(int row, const Rect& rect, Worker& worker);
  void exchange_tiles();
  void assemble();
  Bytes finish(std::string_view com);
};

// Prepares for the picture, if its size or format differs from the last. Throws if JPEG cannot hold
// it.
void TileEncoder::State::fit(const Image& picture) {
  if (!places.empty() && picture.fourcc == like.fourcc && picture.width == like.width &&
      picture.height == like.height && picture.encoding == like.encoding &&
      picture.limited_range == like.limited_range)
    return;
  const PixelFormat* format = find_pixel_format(picture.fourcc);
  if (!format)
    throw Error(Exit::kData, strf("pixel format %08x: cannot be encoded", picture.fourcc));
  constexpr int kMost = 65500;  // JPEG_MAX_DIMENSION
  if (picture.width < 1 || picture.height < 1 || picture.width > kMost || picture.height > kMost)
    throw Error(Exit::kData, strf("a picture of %dx%d: JPEG takes 1x1 to %dx%d", picture.width,
                                  picture.height, kMost, kMost));
  places.clear();
  like = picture;

  shape = {0, format->layout == PixelLayout::kGrey, options.subsampling, options.quality};
  const int mcus = (picture.width + shape.mcu_width() - 1) / shape.mcu_width();
  columns = tiles_across(mcus);
  rows = (picture.height + shape.mcu_height() - 1) / shape.mcu_height();
  shape.mcus = mcus / columns;
  workers.clear();
  for (int i = 0; i <= crew.helpers(); ++i) workers.push_back(std::make_unique<Worker>(shape));
  const auto header = workers[0]->coder.header(picture.width, picture.height);
  store = std::make_unique<TileStore>(kIdleTileBytes);
  reference = options.noise > 0 ? TileReference(picture) : TileReference();
  body = kComRoom;
  output.assign(body, 0);
  const auto front_end = header.begin() + 4 + (header[4] << 8 | header[5]);
  front.assign(header.begin(), front_end);
  output.insert(output.end(), front_end, header.end());
  scan = output.size();
  whole = false;
  places.resize(size(columns * rows));
  strips.assign(size(rows), {});
}

Rect TileEncoder::State::rect_of(int row, int column) const {
  const int width = shape.mcus * shape.mcu_width(), height = shape.mcu_height();
  return {column * width, row * height, std::min(width, like.width - column * width),
          std::min(height, like.height - row * height)};
}

void TileEncoder::State::call_help() {
  if (!helped && crew.helpers() > 0) crew.start(help);
  helped = true;
}

// Encodes the tiles that changed, with helpers where there are enough tiles.
void TileEncoder::State::work() {
  next_row = 0;
  helped = false;
  if (encoded.exchange(0) > kTilesWorthHelp) call_help();
  {
    // Waits for the helpers even after an exception: the caller may then free the picture's pixels.
    struct Finish {
      Workers& crew;
      ~Finish() { crew.finish(); }
    } finish{crew};
    take_rows(0);
  }
  crew.rethrow();
}

// Takes rows until none is left. Thread 0 is the caller of encode().
void TileEncoder::State::take_rows(int thread) {
  Worker& worker = *workers[size(thread)];
  for (int row; (row = next_row.fetch_add(1, std::memory_order_relaxed)) < rows;) {
    const int top = row * shape.mcu_height();
    const Rect rect{0, top, like.width, std::min(shape.mcu_height(), like.height - top)};
    Strip& strip = strips[size(row)];
    if (strip.still && strip.pixels == hash_row(*image, rect)) {
      for (int column = 0; column < columns; ++column)
        places[size(row * columns + column)].changed = false;
      continue;
    }
    strip.still = !encode_row(row, rect, worker);
    if (strip.still) strip.pixels = hash_row(*image, rect);
    if (thread == 0 && encoded.load(std::memory_order_relaxed) > kTilesWorthHelp) call_help();
  }
  worker.settle();
}

// Encodes the changed tiles of the row. Returns true if a tile changed, or if one may have to be
// encoded later although its pixels stay the same.
bool TileEncoder::State::encode_row(int row, const Rect& rect, Worker& worker) {
  std::array<std::uint64_t, kMostColumns> hashes;
  hash_tiles(*image, rect, shape.mcus * shape.mcu_width(), hashes);
  bool changes = bool{reference};  // differences within the noise are encoded later: kRefreshEvery
  for (int column = 0; column < columns; ++column) {
    const std::size_t index = size(row * columns + column);
    Place& place = places[index];
    const Rect tile = rect_of(row, column);
    const std::uint64_t hash = hashes[size(column)];
    place.changed = false;
    if (place.tile && place.hash == hash) continue;
    if (place.tile && reference && (number + index) % kRefreshEvery != 0 &&
        reference.is_within(options.noise, *image, tile))
      continue;
    place.changed = changes = true;
    place.hash = hash;
    if (reference) reference.keep(*image, tile);
    if (store->has(hash) || worker.has_made(hash)) continue;
    worker.converter.convert(*image, tile, shape.subsampling, worker.planes);
    worker.encode(place);
    encoded.fetch_add(1, std::memory_order_relaxed);
  }
  return changes;
}

// Gives each changed place its new tile. All new tiles are held before any old tile is released,
// because an old tile of one place may be the new tile of another.
void TileEncoder::State::exchange_tiles() {
  for (const auto& worker : workers) worker->hand_over(*store);
  for (Place& place : places)
    if (place.changed && !place.next) place.next = store->find(place.hash);
  for (Place& place : places)
    if (place.changed)
      store->release(std::exchange(place.tile, std::exchange(place.next, nullptr)));
}

// Writes all tiles from the first changed tile to the last changed tile into the output. The tiles
// after these are moved as one block.
void TileEncoder::State::assemble() {
  const auto has_changed = [](const Place& place) { return place.changed; };
  auto first = places.begin(), last = places.end();
  if (whole) {
    first = std::find_if(first, last, has_changed);
    last = std::find_if(places.rbegin(), places.rend(), has_changed).base();
  }
  unchanged = first == places.end();
  if (unchanged) return;
  const std::size_t behind = last == places.end() ? output.size() : last->offset;
  const std::size_t rest = output.size() - behind;
  std::size_t end = whole ? first->offset : scan;
  for (auto place = first; place != last; ++place) {
    place->offset = end;
    end += place->tile->bytes.size() + 2;
  }
  output.resize(std::max(output.size(), end + rest));
  std::memmove(output.data() + end, output.data() + behind, rest);
  output.resize(end + rest);
  for (auto place = last; place != places.end(); ++place)
    place->offset = place->offset - behind + end;
  for (auto place = first; place != last; ++place) {
    const auto& bytes = place->tile->bytes;
    std::memcpy(&output[place->offset], bytes.data(), bytes.size());
    std::uint8_t* marker = &output[place->offset + bytes.size()];
    marker[0] = 0xff;
    marker[1] = static_cast<std::uint8_t>(0xd0 + (place - places.begin()) % 8);
  }
  output.back() = 0xd9;
  whole = true;
}

Bytes TileEncoder::State::finish(std::string_view com) {
  if (const std::size_t need = front.size() + com.size(); need > body) {
    output.insert(output.begin(), need - body, 0);
    for (Place& place : places) place.offset += need - body;
    scan += need - body;
    body = need;
  }
  const std::size_t start = body - front.size() - com.size();
  std::copy(com.begin(), com.end(), std::copy(front.begin(), front.end(), &output[start]));
  return Bytes(output).subspan(start);
}

TileEncoder::TileEncoder(const EncoderOptions& options) : state_(new State(options)) {}

TileEncoder::~TileEncoder() = default;

Bytes TileEncoder::encode(const Image& image, std::string_view com) {
  State& s = *state_;
  s.fit(image);
  s.image = &image;
  ++s.number;
  try {
    s.work();
    s.exchange_tiles();
    s.assemble();
  } catch (...) {
    s.places.clear();  // the picture is half done: encode the next one from scratch
    throw;
  }
  return s.finish(com);
}

bool TileEncoder::unchanged() const noexcept {
  return state_->unchanged;
}

}  // namespace kvm
