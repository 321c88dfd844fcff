// Images that only a marker walker needs to understand.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "jpeg/frame_facts.h"
#include "jpeg/frame_reader.h"

namespace kvm {

// A walkable image of 16 × 8 pixels whose entropy-coded data is `data` (no 0xff in it), with a
// comment right after SOI.
inline std::string small_jpeg(const std::string& data, const std::string& comment = "") {
  static const unsigned char head[] = {
      0xff, 0xc0, 0, 17, 8, 0, 8, 0, 16, 3, 1, 0x22, 0,  2, 0x11, 1, 3, 0x11, 1,           // SOF0
      0xff, 0xc4, 0, 20, 0, 1, 0, 0, 0,  0, 0, 0,    0,  0, 0,    0, 0, 0,    0, 0, 0, 0,  // DHT
      0xff, 0xda, 0, 12, 3, 1, 0, 2, 0,  3, 0, 0,    63, 0};
  return "\xff\xd8" + comment + std::string(reinterpret_cast<const char*>(head), sizeof head) +
         data + "\xff\xd9";
}

// The image as FrameReader would return it.
inline JpegImage read_image(const std::string& jpeg) {
  JpegImage image;
  image.memory = std::make_unique<std::uint8_t[]>(jpeg.size());
  std::memcpy(image.memory.get(), jpeg.data(), jpeg.size());
  EXPECT_EQ(walk_jpeg(as_bytes(jpeg), image.info), JpegWalk::kDone);
  return image;
}

}  // namespace kvm
