// A simulated media device and its subdevices, between an HDMI receiver and the capture nodes:
// README.md in this folder.
#pragma once

#include <linux/media.h>
#include <linux/v4l2-subdev.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fake {

struct Pixels {
  std::uint32_t fourcc;
  int width, height;
};

// One open descriptor of /dev/mediaN or /dev/v4l-subdevN. All programs that use the folder share
// the state of the links and formats (a mapped file), as they share that of a kernel.
class MediaNode {
 public:
  // `name`: mediaN or v4l-subdevN. Returns the descriptor, or -1 and sets errno.
  static int open(const std::string& folder, const std::string& name);
  static MediaNode* find(int fd);
  static void close(int fd);

  int ioctl(unsigned long request, void* argument);
  unsigned major_number() const { return subdev_ < 0 ? 250 : 81; }
  unsigned minor_number() const;

 private:
  MediaNode(std::string folder, int media, int subdev)
      : folder_(std::move(folder)), media_(media), subdev_(subdev) {}

  std::string folder_;
  int media_, subdev_;  // subdev_ < 0: the media device itself
};

// The minor number of a subdevice.
unsigned subdev_minor(int number);
// The media bus format from which a capture node makes this pixel format; 0: none.
std::uint32_t bus_code_of(std::uint32_t fourcc);

// What VIDIOC_STREAMON answers on /dev/videoN: 0, or the errno of a pipeline that is not set up.
int stream_error(const std::string& folder, int video, const Pixels& pixels);
// The rate of the pictures that arrive at /dev/videoN; 0: none. A receiver sends nothing while its
// timings are not those of the signal, and the port waits for every node that is linked.
int arriving_hz(const std::string& folder, int video);

}  // namespace fake
