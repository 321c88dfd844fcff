// Plain libjpeg for tests: the reference for our encoder.
#pragma once

#include <stdio.h>  // jpeglib.h wants FILE

#include <jpeglib.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/io.h"
#include "picture/convert.h"

namespace kvm {

struct Decoded {
  int width = 0, height = 0, components = 0;
  std::vector<std::uint8_t> samples;  // interleaved
  long warnings = 0;
};

// On an error, libjpeg prints a message and ends the test program. `smooth`: chroma is
// interpolated, also across the edges of tiles.
inline Decoded decode(Bytes jpeg, bool as_rgb = false, bool smooth = true) {
  jpeg_decompress_struct c{};
  jpeg_error_mgr errors{};
  c.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&c);
  jpeg_mem_src(&c, jpeg.data(), jpeg.size());
  jpeg_read_header(&c, TRUE);
  if (as_rgb)
    c.out_color_space = JCS_RGB;
  else
    c.out_color_space = c.jpeg_color_space;
  c.do_fancy_upsampling = smooth;
  jpeg_start_decompress(&c);
  Decoded out{static_cast<int>(c.output_width),
              static_cast<int>(c.output_height),
              c.output_components,
              {},
              0};
  const std::size_t stride =
      std::size_t{c.output_width} * static_cast<unsigned>(c.output_components);
  out.samples.resize(stride * c.output_height);
  while (c.output_scanline < c.output_height) {
    JSAMPROW row = out.samples.data() + stride * c.output_scanline;
    jpeg_read_scanlines(&c, &row, 1);
  }
  jpeg_finish_decompress(&c);
  out.warnings = errors.num_warnings;
  jpeg_destroy_decompress(&c);
  return out;
}

// `samples`: interleaved rows without padding, with the components of `space`.
// `interval`: MCUs between restart markers; 0: none.
inline std::vector<std::uint8_t> plain_encode(const std::uint8_t* samples, int width, int height,
                                              J_COLOR_SPACE space, Subsampling subsampling,
                                              int quality, unsigned interval = 0) {
  jpeg_compress_struct c{};
  jpeg_error_mgr errors{};
  c.err = jpeg_std_error(&errors);
  jpeg_create_compress(&c);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&c, &buffer, &size);
  c.image_width = static_cast<JDIMENSION>(width);
  c.image_height = static_cast<JDIMENSION>(height);
  c.input_components = space == JCS_GRAYSCALE ? 1 : 3;
  c.in_color_space = space;
  jpeg_set_defaults(&c);
  jpeg_set_quality(&c, quality, TRUE);
  if (space != JCS_GRAYSCALE) {
    c.comp_info[0].h_samp_factor = chroma_x(subsampling);
    c.comp_info[0].v_samp_factor = chroma_y(subsampling);
  }
  c.restart_interval = interval;
  jpeg_start_compress(&c, TRUE);
  while (c.next_scanline < c.image_height) {
    auto* row = const_cast<JSAMPROW>(samples + std::size_t{c.next_scanline} * c.image_width *
                                                   static_cast<unsigned>(c.input_components));
    jpeg_write_scanlines(&c, &row, 1);
  }
  jpeg_finish_compress(&c);
  std::vector<std::uint8_t> out(buffer, buffer + size);
  jpeg_destroy_compress(&c);
  std::free(buffer);
  return out;
}

}  // namespace kvm
