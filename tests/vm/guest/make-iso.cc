// make-iso NAME TEXT >IMAGE: writes a minimal CD-ROM image that holds one file (ECMA-119).
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr unsigned kBlock = 2048;
using Image = std::vector<unsigned char>;

// Each number is stored twice, in both byte orders (7.2.3, 7.3.3).
void put16(Image& image, std::size_t at, unsigned value) {
  image[at] = image[at + 3] = static_cast<unsigned char>(value);
  image[at + 1] = image[at + 2] = static_cast<unsigned char>(value >> 8);
}
void put32(Image& image, std::size_t at, unsigned value) {
  for (unsigned i = 0; i < 4; ++i)
    image[at + i] = image[at + 7 - i] = static_cast<unsigned char>(value >> (8 * i));
}

// A directory record (9.1); returns its end.
std::size_t put_record(Image& image, std::size_t at, unsigned block, unsigned bytes, bool directory,
                       const std::string& name) {
  const std::size_t length = (33 + name.size() + 1) / 2 * 2;
  image[at] = static_cast<unsigned char>(length);
  put32(image, at + 2, block);
  put32(image, at + 10, bytes);
  image[at + 25] = directory ? 2 : 0;
  put16(image, at + 28, 1);
  image[at + 32] = static_cast<unsigned char>(name.size());
  std::memcpy(&image[at + 33], name.data(), name.size());
  return at + length;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  const std::string name = std::string(argv[1]) + ";1", text = argv[2];
  constexpr unsigned kRoot = 18, kFile = 19, kBlocks = 400;
  Image image(kBlocks * kBlock);
  const std::size_t volume = 16 * kBlock, end = 17 * kBlock;
  image[volume] = 1;
  image[end] = 255;
  for (const std::size_t at : {volume, end}) {
    std::memcpy(&image[at + 1], "CD001", 5);
    image[at + 6] = 1;
  }
  put32(image, volume + 80, kBlocks);
  put16(image, volume + 120, 1);
  put16(image, volume + 124, 1);
  put16(image, volume + 128, kBlock);
  put_record(image, volume + 156, kRoot, kBlock, true, std::string(1, '\0'));
  image[volume + 881] = 1;
  std::size_t at = put_record(image, kRoot * kBlock, kRoot, kBlock, true, std::string(1, '\0'));
  at = put_record(image, at, kRoot, kBlock, true, std::string(1, '\1'));
  put_record(image, at, kFile, static_cast<unsigned>(text.size()), false, name);
  std::memcpy(&image[kFile * kBlock], text.data(), text.size());
  return std::fwrite(image.data(), 1, image.size(), stdout) == image.size() ? 0 : 74;
}
