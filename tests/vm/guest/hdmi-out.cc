// hdmi-out FRAMEBUFFER DEVICE: simulates the cable between a screen and an HDMI capture device:
// sends the top left 1280x720 pixels of a 32-bit framebuffer to vivid's HDMI output as YUYV
// (BT.709, limited range) until it is killed. Select the output and its timings before, with
// v4l2-ctl.
#include <fcntl.h>
#include <linux/fb.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/fd.h"

namespace {

constexpr int kWidth = 1280, kHeight = 720;

void must(int fd, unsigned long request, void* argument, const char* name) {
  if (ioctl(fd, request, argument) == 0) return;
  std::fprintf(stderr, "hdmi-out: %s: %s\n", name, std::strerror(errno));
  std::exit(1);
}

// BT.709, limited range, in 16-bit fixed point; x is 0xRRGGBB.
int luma(std::uint32_t x) {
  return 16 +
         ((11966 * int(x >> 16 & 255) + 40254 * int(x >> 8 & 255) + 4064 * int(x & 255)) >> 16);
}
int cb(std::uint32_t x) {
  return 128 +
         ((-6596 * int(x >> 16 & 255) - 22189 * int(x >> 8 & 255) + 28784 * int(x & 255)) >> 16);
}
int cr(std::uint32_t x) {
  return 128 +
         ((28784 * int(x >> 16 & 255) - 26145 * int(x >> 8 & 255) - 2639 * int(x & 255)) >> 16);
}

void convert_row(const std::uint32_t* from, std::uint8_t* to) {
  std::uint32_t last = 0x1000000, packed = 0;  // runs of one colour are common on a console
  for (int x = 0; x < kWidth; x += 2, to += 4) {
    const std::uint32_t a = from[x] & 0xffffff, b = from[x + 1] & 0xffffff;
    if (a != last || b != last) {
      packed = std::uint32_t(luma(a) | cb(a) << 8 | luma(b) << 16) | std::uint32_t(cr(a)) << 24;
      last = a == b ? a : 0x1000000;
    }
    std::memcpy(to, &packed, 4);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  const auto screen = kvm::open_fd(argv[1], O_RDONLY);
  fb_fix_screeninfo facts{};
  must(screen.get(), FBIOGET_FSCREENINFO, &facts, "FBIOGET_FSCREENINFO");
  const void* memory = mmap(nullptr, facts.smem_len, PROT_READ, MAP_SHARED, screen.get(), 0);
  if (memory == MAP_FAILED) return 1;

  const auto output = kvm::open_fd(argv[2], O_RDWR);
  v4l2_format format{};
  format.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
  format.fmt.pix.width = kWidth;
  format.fmt.pix.height = kHeight;
  format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
  format.fmt.pix.field = V4L2_FIELD_NONE;
  format.fmt.pix.colorspace = V4L2_COLORSPACE_REC709;
  must(output.get(), VIDIOC_S_FMT, &format, "VIDIOC_S_FMT");
  v4l2_requestbuffers request{};
  request.count = 3;
  request.type = format.type;
  request.memory = V4L2_MEMORY_MMAP;
  must(output.get(), VIDIOC_REQBUFS, &request, "VIDIOC_REQBUFS");

  std::vector<std::uint8_t*> frames;
  v4l2_buffer buffer{};
  for (std::uint32_t i = 0; i < request.count; ++i) {
    buffer = {};
    buffer.index = i;
    buffer.type = format.type;
    buffer.memory = V4L2_MEMORY_MMAP;
    must(output.get(), VIDIOC_QUERYBUF, &buffer, "VIDIOC_QUERYBUF");
    frames.push_back(static_cast<std::uint8_t*>(mmap(nullptr, buffer.length, PROT_WRITE | PROT_READ,
                                                     MAP_SHARED, output.get(), buffer.m.offset)));
    if (frames.back() == MAP_FAILED) return 1;
  }
  const auto send = [&](std::uint32_t index) {
    for (int y = 0; y < kHeight; ++y)
      convert_row(reinterpret_cast<const std::uint32_t*>(static_cast<const char*>(memory) +
                                                         std::size_t(y) * facts.line_length),
                  frames[index] + std::size_t(y) * format.fmt.pix.bytesperline);
    buffer = {};
    buffer.index = index;
    buffer.type = format.type;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.field = V4L2_FIELD_NONE;
    buffer.bytesused = format.fmt.pix.sizeimage;
    must(output.get(), VIDIOC_QBUF, &buffer, "VIDIOC_QBUF");
  };
  for (std::uint32_t i = 0; i < request.count; ++i) send(i);
  must(output.get(), VIDIOC_STREAMON, &format.type, "VIDIOC_STREAMON");
  for (;;) {
    must(output.get(), VIDIOC_DQBUF, &buffer, "VIDIOC_DQBUF");
    send(buffer.index);
  }
}
