// Pictures as the guest's helpers see them: decoded, 8 bits a sample.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <jpeglib.h>

struct Picture {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
  const std::uint8_t* at(int x, int y) const {
    return &rgb[(std::size_t(y) * std::size_t(width) + std::size_t(x)) * 3];
  }
};

inline Picture read_jpeg(const std::string& file) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);  // says why and exits
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  Picture picture{int(jpeg.output_width), int(jpeg.output_height), {}};
  picture.rgb.resize(std::size_t(picture.width) * std::size_t(picture.height) * 3);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = &picture.rgb[std::size_t(jpeg.output_scanline) * std::size_t(picture.width) * 3];
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return picture;
}

inline Picture read_ppm(const std::string& file) {
  Picture picture;
  int header = 0;
  if (std::sscanf(file.c_str(), "P6 %d %d 255%n", &picture.width, &picture.height, &header) != 2)
    std::exit(65);
  picture.rgb.assign(file.begin() + header + 1, file.end());
  return picture;
}

// The file appears when it is whole.
inline bool write_ppm(const Picture& picture, const std::string& path) {
  const std::string fresh = path + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "wb");
  if (file == nullptr) return false;
  std::fprintf(file, "P6 %d %d 255\n", picture.width, picture.height);
  std::fwrite(picture.rgb.data(), 1, picture.rgb.size(), file);
  return std::fclose(file) == 0 && std::rename(fresh.c_str(), path.c_str()) == 0;
}
