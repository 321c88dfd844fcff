#include "picture/tile_coder.h"

#include <stdio.h>  // jpeglib.h needs FILE

#include <jpeglib.h>

#include <csetjmp>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "jpeg/marker_walker.h"

namespace kvm {

namespace {

constexpr int kTallest = JPEG_MAX_DIMENSION;
// The most bytes that a block can take: 64 times 16 bits of Huffman code and 11 bits of value, with
// a stuffed zero after each byte.
constexpr std::size_t kLargestBlock = 64 * 27 / 8 * 2;

}  // namespace

// libjpeg reports an error by longjmp(3) into the member function that called it. So these
// functions have no local object with a destructor.
struct TileCoder::Libjpeg {
  jpeg_compress_struct c{};
  jpeg_error_mgr errors{};
  jpeg_destination_mgr destination{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";

  static Libjpeg& self(j_common_ptr c) { return *static_cast<Libjpeg*>(c->client_data); }
  [[noreturn]] static void fail(j_common_ptr c) {
    c->err->format_message(c, self(c).message);
    std::longjmp(self(c).jump, 1);
  }
  static void start_output(j_compress_ptr) {}
  static void end_output(j_compress_ptr) {}
  // The output never overflows: output_ has room for the largest tiles.
  static boolean no_more_output(j_compress_ptr) { return FALSE; }

  bool create() noexcept {
    c.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    c.client_data = this;
    if (setjmp(jump) != 0) return false;
    jpeg_create_compress(&c);
    c.client_data = this;
    destination.init_destination = start_output;
    destination.empty_output_buffer = no_more_output;
    destination.term_destination = end_output;
    c.dest = &destination;
    return true;
  }

  bool start(const TileShape& shape) noexcept {
    if (setjmp(jump) != 0) return false;
    jpeg_abort_compress(&c);
    c.image_width = static_cast<JDIMENSION>(shape.mcus * shape.mcu_width());
    c.image_height = kTallest;
    c.input_components = shape.grey ? 1 : 3;
    c.in_color_space = shape.grey ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, shape.quality, TRUE);
    c.dct_method = JDCT_ISLOW;
    c.raw_data_in = TRUE;
    c.restart_interval = static_cast<unsigned>(shape.mcus);
    c.comp_info[0].h_samp_factor = shape.mcu_width() / 8;
    c.comp_info[0].v_samp_factor = shape.mcu_height() / 8;
    jpeg_start_compress(&c, TRUE);
    return true;
  }

  bool write(JSAMPIMAGE rows, JDIMENSION count) noexcept {
    return setjmp(jump) == 0 && jpeg_write_raw_data(&c, rows, count) == count;
  }

  Error error() const { return {Exit::kBug, std::string("libjpeg: ") + message}; }
};

TileCoder::TileCoder(const TileShape& shape, TileEngine engine)
    : shape_(shape), jpeg_(new Libjpeg) {
  const auto width = static_cast<std::size_t>(shape.mcus * shape.mcu_width());
  const auto height = static_cast<std::size_t>(shape.mcu_height());
  blank_.resize(width * height, 128);
  blank_planes_ = {blank_.data(), blank_.data(), blank_.data(), width, width};
  output_.resize(1024 + 2 * kLargestBlock * 3 * (width / 8) * (height / 8));
  if (!jpeg_->create()) throw jpeg_->error();
  start();
  if (engine == TileEngine::kFastest) avx2_ = Avx2Coder::make(header_, shape.mcus);
}

TileCoder::~TileCoder() {
  jpeg_destroy_compress(&jpeg_->c);
}

// Starts libjpeg's picture. A blank first tile makes libjpeg write the header, so that each later
// tile begins with a restart marker.
void TileCoder::start() {
  begin_ = 0;
  pending_ = false;
  jpeg_->destination.next_output_byte = output_.data();
  jpeg_->destination.free_in_buffer = output_.size();
  if (!jpeg_->start(shape_)) throw jpeg_->error();
  rows_left_ = kTallest / shape_.mcu_height();
  marker_ = -1;
  write(blank_planes_);
  if (!header_.empty()) return;
  JpegInfo info;
  walk_jpeg(output_, info);
  header_.assign(output_.data(), output_.data() + info.scan);
}

// Gives libjpeg a tile. This completes the previous tile, whose bytes are returned.
Bytes TileCoder::write(const Planes& planes) {
  // The bytes of the unfinished tile move to the front, so that there is always room.
  auto& destination = jpeg_->destination;
  const auto unfinished =
      static_cast<std::size_t>(destination.next_output_byte - output_.data()) - begin_;
  std::memmove(output_.data(), output_.data() + begin_, unfinished);
  destination.next_output_byte = output_.data() + unfinished;
  destination.free_in_buffer = output_.size() - unfinished;

  JSAMPROW y[16], cb[8], cr[8];
  for (std::size_t row = 0; row < 16; ++row) y[row] = planes.y + row * planes.y_stride;
  for (std::size_t row = 0; row < 8 && !shape_.grey; ++row) {
    cb[row] = planes.cb + row * planes.chroma_stride;
    cr[row] = planes.cr + row * planes.chroma_stride;
  }
  JSAMPARRAY rows[] = {y, cb, cr};
  if (!jpeg_->write(rows, static_cast<JDIMENSION>(shape_.mcu_height()))) throw jpeg_->error();
  --rows_left_;

  if (marker_ < 0) {
    marker_ = 0;
    begin_ = 0;
    return {};
  }
  const std::uint8_t* at = output_.data();
  for (;; at += 2) {
    at = static_cast<const std::uint8_t*>(
        std::memchr(at, 0xff, static_cast<std::size_t>(destination.next_output_byte - at)));
    if (at[1] == 0xd0 + marker_) break;
  }
  marker_ = (marker_ + 1) % 8;
  const auto size = static_cast<std::size_t>(at - output_.data());
  begin_ = size + 2;
  return Bytes(output_).first(size);
}

Bytes TileCoder::encode(const Planes& planes) {
  if (avx2_) return std::exchange(coded_, avx2_->encode(planes));
  last_.clear();
  if (rows_left_ == 1) {  // the blank tile that flush() writes is the last row of libjpeg's picture
    const Bytes last = flush();
    last_.assign(last.begin(), last.end());
  }
  if (rows_left_ > 1) {
    const bool previous = std::exchange(pending_, true);
    const Bytes bytes = write(planes);
    return previous ? bytes : Bytes{};
  }
  start();
  write(planes);
  pending_ = true;
  return last_;
}

Bytes TileCoder::flush() {
  if (avx2_) return std::exchange(coded_, {});
  if (!pending_) return {};
  const Bytes bytes = write(blank_planes_);
  pending_ = false;
  return bytes;
}

std::vector<std::uint8_t> TileCoder::header(int width, int height) const {
  std::vector<std::uint8_t> header = header_;
  JpegInfo info;
  walk_jpeg(header, info);
  std::uint8_t* size = header.data() + info.sof + 5;
  size[0] = static_cast<std::uint8_t>(height >> 8);
  size[1] = static_cast<std::uint8_t>(height);
  size[2] = static_cast<std::uint8_t>(width >> 8);
  size[3] = static_cast<std::uint8_t>(width);
  return header;
}

}  // namespace kvm
