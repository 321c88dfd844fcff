// Looks at pictures; a picture is a JPEG file, a PPM file, or /dev/fb0 (32 bits a pixel).
//
//   pictures size FILE                WIDTHxHEIGHT
//   pictures at FILE X Y [X Y...]     R,G,B at each place, the mean of 8x8 pixels around it
//   pictures diff FILE FILE           the mean difference a sample (0-255); 1 when sizes differ
//   pictures bars FILE LEVEL TOLERANCE
//                                     names each of the eight colour bars (white to black, samples
//                                     0 and LEVEL) that is missing, and then exits 1
#include <fcntl.h>
#include <linux/fb.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/fd.h"
#include "base/io.h"
#include "picture.h"

namespace {

Picture read_screen(const std::string& device) {
  const auto fd = kvm::open_fd(device, O_RDONLY);
  fb_fix_screeninfo fix{};
  fb_var_screeninfo var{};
  if (ioctl(fd.get(), FBIOGET_FSCREENINFO, &fix) || ioctl(fd.get(), FBIOGET_VSCREENINFO, &var))
    std::exit(71);
  const auto memory = kvm::read_file(device);
  Picture picture{int(var.xres), int(var.yres), {}};
  for (std::size_t y = 0; y < var.yres; ++y)
    for (std::size_t x = 0; x < var.xres; ++x)
      for (int sample : {2, 1, 0})
        picture.rgb.push_back(
            std::uint8_t(memory.at(y * fix.line_length + x * 4 + std::size_t(sample))));
  return picture;
}

Picture read_picture(const std::string& name) {
  if (name.starts_with("/dev/fb")) return read_screen(name);
  const auto file = kvm::read_file(name);
  return file.starts_with("P6") ? read_ppm(file) : read_jpeg(file);
}

std::array<int, 3> colour_at(const Picture& picture, int x, int y) {
  std::array<int, 3> sum{};
  int count = 0;
  for (int row = std::max(0, y - 4); row < std::min(picture.height, y + 4); ++row)
    for (int column = std::max(0, x - 4); column < std::min(picture.width, x + 4); ++column) {
      for (std::size_t i = 0; i < 3; ++i) sum[i] += picture.at(column, row)[i];
      ++count;
    }
  for (int& sample : sum) sample /= std::max(count, 1);
  return sum;
}

void print_colour(const char* before, const std::array<int, 3>& colour) {
  std::printf("%s%d,%d,%d\n", before, colour[0], colour[1], colour[2]);
}

int check_bars(const Picture& picture, int level, int tolerance) {
  // White, yellow, cyan, green, magenta, red, blue, black: green is the high bit, then red, blue.
  int wrong = 0;
  for (int bar = 0; bar < 8; ++bar) {
    const std::array wanted = {bar & 2 ? 0 : level, bar & 4 ? 0 : level, bar & 1 ? 0 : level};
    const auto got = colour_at(picture, picture.width * (2 * bar + 1) / 16, picture.height * 3 / 4);
    for (std::size_t i = 0; i < 3; ++i)
      if (std::abs(got[i] - wanted[i]) > tolerance) {
        std::printf("bar %d\n", bar + 1);
        print_colour("  got    ", got);
        print_colour("  wanted ", wanted);
        wrong = 1;
        break;
      }
  }
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what.empty()) return 64;
  const Picture picture = read_picture(argv[2]);
  if (what == "size") {
    std::printf("%dx%d\n", picture.width, picture.height);
  } else if (what == "at") {
    for (int i = 3; i + 1 < argc; i += 2)
      print_colour("", colour_at(picture, std::atoi(argv[i]), std::atoi(argv[i + 1])));
  } else if (what == "diff" && argc > 3) {
    const Picture other = read_picture(argv[3]);
    if (picture.rgb.size() != other.rgb.size() || picture.width != other.width) return 1;
    double sum = 0;
    for (std::size_t i = 0; i < picture.rgb.size(); ++i)
      sum += std::abs(picture.rgb[i] - other.rgb[i]);
    std::printf("%.1f\n", sum / double(picture.rgb.size()));
  } else if (what == "bars" && argc > 4) {
    return check_bars(picture, std::atoi(argv[3]), std::atoi(argv[4]));
  } else {
    return 64;
  }
}
