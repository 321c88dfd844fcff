// A simulated V4L2 capture device. A text file describes it, and a thread delivers its frames:
// README.md in this folder.
#pragma once

#include <linux/videodev2.h>

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace fake {

struct Mode {
  std::uint32_t fourcc;
  int width, height;
  std::vector<int> rates;  // frames a second, the first is the default
};

struct Control {
  std::uint32_t id;
  std::string name;
  int value, least, most;
  bool broken;  // the device does not answer when it is asked about this control
};

// The content of the file, which is read again whenever it changes.
struct Config {
  std::string card = "Fake HDMI dongle", driver = "uvcvideo", bus = "usb-fake-1";
  std::vector<Mode> modes;
  std::vector<Control> controls;
  std::string frames;          // a file, relative to the folder
  int stride = 0;              // bytes a line; 0: no padding
  bool mplane = false;         // the multi-planar API
  bool busy = false;           // another program streams
  bool mc = false;             // a media device sets up what lies before the node (media.h)
  std::uint32_t buffers = 32;  // the most that the driver grants
  bool hdmi = false;           // DV timings, EDID, SOURCE_CHANGE
  int signal_width = 0, signal_height = 0, signal_rate = 0;  // the signal on the cable; 0: none
  int lanes = 0;  // CSI lanes to the board, 972 Mbit/s each; 0: enough
  std::uint32_t ycbcr = V4L2_YCBCR_ENC_DEFAULT, range = V4L2_QUANTIZATION_DEFAULT;
  std::string fault;  // stall, truncate, pad, zero, error, corrupt, stamps, torn, eintr, eio,
                      // nospace, epipe, nosignal, vanish, noedid, notimings
  int slow = 0;       // pictures a second that really come; 0: as many as the device says
  int every = 1;      // every Nth frame has the fault
  int amount = 7;     // bytes of padding
};

// Identifies a version of a file: seconds, nanoseconds, inode, bytes.
using Stamp = std::array<std::uint64_t, 4>;

struct Buffer {
  int memfd = -1;
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  std::size_t used = 0;
  std::uint32_t sequence = 0;
  std::int64_t time_us = 0;
  std::size_t holds = SIZE_MAX;  // index of the frame that the buffer contains
  bool queued = false, done = false, error = false;
};

// One open file description of the device. The application's descriptor is one end of a connection
// within the program: a byte in it is a filled buffer (POLLIN), an urgent byte is an event
// (POLLPRI), and a closed far end is an unplugged device. So the kernel's own poll, select and
// epoll work on it.
class Device {
 public:
  // Returns the application's descriptor, or -1 and sets errno.
  static int open(const std::string& folder, const std::string& name, int flags);
  static Device* find(int fd);
  ~Device();

  int ioctl(unsigned long request, void* argument);
  // The memfd of an offset that QUERYBUF returned; -1: no such buffer.
  int memfd_at(std::int64_t offset);
  int number() const { return number_; }
  static void close(int fd);

 private:
  Device(std::string folder, std::string name);
  bool load();
  void play();
  bool tick(std::int64_t time_us);
  void read_frames();
  void fill(Buffer& buffer);
  void deliver(Buffer& buffer, std::int64_t time_us);
  void raise_source_change();
  void forget_bytes() const;
  void report();

  int query_cap(v4l2_capability& cap);
  int enum_formats(v4l2_fmtdesc& description);
  int format(v4l2_format& format, bool set, bool try_only);
  void describe(v4l2_format& format) const;
  int frame_sizes(v4l2_frmsizeenum& size);
  int frame_intervals(v4l2_frmivalenum& interval);
  int parameters(v4l2_streamparm& parm, bool set);
  int request_buffers(v4l2_requestbuffers& request);
  int query_buffer(v4l2_buffer& buffer);
  int queue(v4l2_buffer& buffer);
  int dequeue(v4l2_buffer& buffer, std::unique_lock<std::mutex>& lock);
  int stream(bool on);
  int timings(unsigned long request, void* argument);
  int controls(unsigned long request, void* argument);
  int events(unsigned long request, void* argument);
  int edid(v4l2_edid& edid, bool set);
  void fill_in(v4l2_buffer& buffer, std::uint32_t index) const;
  std::uint32_t type() const;
  std::size_t picture_bytes() const;
  std::vector<Mode> modes() const;

  std::string folder_, name_;
  int number_ = 0;
  int app_ = -1, far_ = -1;  // the connection's ends: the application's and the device's
  Config config_;
  Stamp config_stamp_{};
  bool gone_ = false, streaming_ = false, stopping_ = false, subscribed_ = false;
  bool in_vain_ = false;  // the last DQBUF found no picture
  std::uint32_t pending_events_ = 0;
  Mode mode_{};
  int rate_ = 30;
  int timing_width_ = 0, timing_height_ = 0, timing_rate_ = 0;
  std::vector<Buffer> buffers_;
  std::deque<std::uint32_t> waiting_, done_;
  void* file_ = nullptr;  // the mapped file with the frames
  std::size_t file_bytes_ = 0;
  std::vector<std::uint8_t> grey_;  // the frame if there is no file
  std::vector<std::span<const std::uint8_t>> frames_;
  std::size_t next_frame_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint64_t produced_ = 0, delivered_ = 0, dropped_ = 0, eintr_ = 0;
  std::int64_t cpu_us_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread player_;
};

}  // namespace fake
