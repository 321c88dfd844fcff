#include "picture/retile.h"

#include <stdio.h>  // jpeglib.h needs FILE

#include <jpeglib.h>
// jerror.h uses macros of jpeglib.h
#include <jerror.h>

#include <algorithm>
#include <csetjmp>
#include <new>

#include "jpeg/marker_walker.h"

namespace kvm {

// libjpeg reports an error by longjmp(3) into create() or run(), the only functions that call it.
// So these have no local object with a destructor.
struct Retiler::Libjpeg {
  jpeg_decompress_struct in{};
  jpeg_compress_struct out{};
  jpeg_error_mgr errors{};
  jpeg_destination_mgr destination{};
  std::jmp_buf jump;
  bool full = false;  // the output had no room

  static Libjpeg& self(j_common_ptr c) { return *static_cast<Libjpeg*>(c->client_data); }
  [[noreturn]] static void fail(j_common_ptr c) { std::longjmp(self(c).jump, 1); }
  // Negative levels are warnings: libjpeg has replaced damaged data by invented data.
  static void message(j_common_ptr c, int level) {
    if (level < 0 && c->err->msg_code != JWRN_EXTRANEOUS_DATA) fail(c);
  }
  static void start_output(j_compress_ptr) {}
  static void end_output(j_compress_ptr) {}
  static boolean no_room(j_compress_ptr c) {
    self(reinterpret_cast<j_common_ptr>(c)).full = true;
    fail(reinterpret_cast<j_common_ptr>(c));
  }

  Libjpeg() {
    in.err = out.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    errors.emit_message = message;
    in.client_data = out.client_data = this;
    if (!create()) throw std::bad_alloc();
    // A limit is needed because a header may claim any size, and each coefficient takes two bytes.
    constexpr long kMostMemory = 512L << 20;
    in.mem->max_memory_to_use = out.mem->max_memory_to_use = kMostMemory;
    destination.init_destination = start_output;
    destination.empty_output_buffer = no_room;
    destination.term_destination = end_output;
    out.dest = &destination;
  }
  ~Libjpeg() { destroy(); }

  // False: no memory. jpeg_create_*() keep `err` and `client_data`, which error handling needs.
  bool create() noexcept {
    if (setjmp(jump) != 0) {
      destroy();
      return false;
    }
    jpeg_create_decompress(&in);
    jpeg_create_compress(&out);
    return true;
  }
  // Also for an object that was not created: its memory manager is null.
  void destroy() noexcept {
    jpeg_destroy_compress(&out);
    jpeg_destroy_decompress(&in);
  }

  // Writes the new JPEG to `to` and returns its size. 0: an error; `full` tells whether `room` was
  // too small.
  std::size_t run(Bytes jpeg, int interval, std::uint8_t* to, std::size_t room) noexcept {
    full = false;
    if (setjmp(jump) != 0) {
      jpeg_abort_compress(&out);
      jpeg_abort_decompress(&in);
      return 0;
    }
    jpeg_mem_src(&in, jpeg.data(), jpeg.size());
    jpeg_read_header(&in, TRUE);
    jvirt_barray_ptr* coefficients = jpeg_read_coefficients(&in);
    jpeg_copy_critical_parameters(&in, &out);
    out.restart_interval = static_cast<unsigned>(interval);
    destination.next_output_byte = to;
    destination.free_in_buffer = room;
    jpeg_write_coefficients(&out, coefficients);
    jpeg_finish_compress(&out);
    jpeg_finish_decompress(&in);
    return room - destination.free_in_buffer;
  }
};

Retiler::Retiler() : jpeg_(new Libjpeg) {}
Retiler::~Retiler() = default;

JpegFault Retiler::retile(FrameParts& frame) {
  whole_ = joined(frame);
  JpegInfo info;
  walk_jpeg(whole_, info);
  const int mcus = (info.width + info.mcu_width - 1) / info.mcu_width;
  const int interval = mcus / tiles_across(mcus);
  if (info.baseline && info.scans == 1 && info.restart_interval == interval)
    return JpegFault::kNone;

  coded_.resize(std::max(coded_.size(), 2 * whole_.size() + 4096));
  std::size_t size;
  while ((size = jpeg_->run(whole_, interval, coded_.data(), coded_.size())) == 0) {
    if (!jpeg_->full) return JpegFault::kCorrupt;
    coded_.resize(2 * coded_.size());
  }
  return clean_jpeg(Bytes(coded_).first(size), as_text(frame[kComPart]), frame);
}

}  // namespace kvm
