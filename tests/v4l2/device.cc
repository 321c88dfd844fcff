#include "device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "media.h"

namespace fake {

namespace {

// The index is a descriptor. Every ioctl of the program, on any file, looks here: hence no lock.
std::array<std::atomic<Device*>, 1024> open_devices;

std::int64_t now_us(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

std::uint32_t fourcc_of(const std::string& name) {
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < 4; ++i)
    code |= static_cast<std::uint32_t>(i < name.size() ? static_cast<unsigned char>(name[i]) : ' ')
            << (8 * i);
  return code;
}

bool compressed(std::uint32_t fourcc) {
  return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

// Bytes of one line of the first plane, without padding.
int line_bytes(std::uint32_t fourcc, int width) {
  switch (fourcc) {
    case V4L2_PIX_FMT_YUYV:
    case V4L2_PIX_FMT_YVYU:
    case V4L2_PIX_FMT_UYVY:
    case V4L2_PIX_FMT_VYUY:
      return (width + 1) / 2 * 4;
    case V4L2_PIX_FMT_RGB565:
      return width * 2;
    case V4L2_PIX_FMT_RGB24:
    case V4L2_PIX_FMT_BGR24:
      return width * 3;
    case V4L2_PIX_FMT_XBGR32:
    case V4L2_PIX_FMT_XRGB32:
    case V4L2_PIX_FMT_ABGR32:
    case V4L2_PIX_FMT_ARGB32:
    case V4L2_PIX_FMT_RGBX32:
    case V4L2_PIX_FMT_BGRX32:
    case V4L2_PIX_FMT_RGB32:
    case V4L2_PIX_FMT_BGR32:
      return width * 4;
    default:
      return width;
  }
}

// Bytes of a picture whose first plane has this stride.
std::size_t raw_bytes(std::uint32_t fourcc, int stride, int height) {
  const auto luma = static_cast<std::size_t>(stride) * static_cast<std::size_t>(height);
  const auto half = static_cast<std::size_t>((height + 1) / 2);
  switch (fourcc) {
    case V4L2_PIX_FMT_NV12:
    case V4L2_PIX_FMT_NV21:
      return luma + static_cast<std::size_t>((stride + 1) / 2 * 2) * half;
    case V4L2_PIX_FMT_YUV420:
    case V4L2_PIX_FMT_YVU420:
      return luma + 2 * static_cast<std::size_t>((stride + 1) / 2) * half;
    case V4L2_PIX_FMT_NV16:
      return 2 * luma;
    case V4L2_PIX_FMT_NV24:
      return 3 * luma;
    default:
      return luma;
  }
}

std::vector<std::uint8_t> slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// JPEG images back to back, cut where an EOI is followed by an SOI.
std::vector<std::span<const std::uint8_t>> split_jpegs(std::span<const std::uint8_t> all) {
  std::vector<std::span<const std::uint8_t>> images;
  std::size_t begin = 0;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const bool end = all[i] == 0xff && all[i + 1] == 0xd9 &&
                     (i + 4 >= all.size() || (all[i + 2] == 0xff && all[i + 3] == 0xd8));
    if (!end) continue;
    images.push_back(all.subspan(begin, i + 2 - begin));
    begin = i + 2;
  }
  return images;
}

std::uint32_t control_id(const std::string& name) {
  if (name == "brightness") return V4L2_CID_BRIGHTNESS;
  if (name == "contrast") return V4L2_CID_CONTRAST;
  if (name == "saturation") return V4L2_CID_SATURATION;
  if (name == "hue") return V4L2_CID_HUE;
  if (name == "sharpness") return V4L2_CID_SHARPNESS;
  return V4L2_CID_GAMMA;
}

void read_line(const std::string& key, std::istringstream& words, Config& config) {
  const auto rest = [&] {
    std::string text;
    std::getline(words >> std::ws, text);
    return text;
  };
  if (key == "card") config.card = rest();
  if (key == "driver") config.driver = rest();
  if (key == "bus") config.bus = rest();
  if (key == "frames") config.frames = rest();
  if (key == "stride") words >> config.stride;
  if (key == "mplane") config.mplane = true;
  if (key == "mc") config.mc = true;
  if (key == "buffers") words >> config.buffers;
  if (key == "busy") config.busy = true;
  if (key == "ycbcr") config.ycbcr = rest() == "709" ? V4L2_YCBCR_ENC_709 : V4L2_YCBCR_ENC_601;
  if (key == "range")
    config.range = rest() == "full" ? V4L2_QUANTIZATION_FULL_RANGE : V4L2_QUANTIZATION_LIM_RANGE;
  if (key == "lanes") words >> config.lanes;
  if (key == "slow") words >> config.slow;
  if (key == "every") words >> config.every;
  if (key == "fault") words >> config.fault >> config.amount;
  if (key == "control") {
    Control control{};
    words >> control.name >> control.value >> control.least >> control.most;
    control.id = control_id(control.name);
    control.broken = rest() == "broken";
    config.controls.push_back(control);
  }
  if (key == "signal") {
    config.hdmi = true;
    const std::string text = rest();
    if (std::sscanf(text.c_str(), "%dx%d@%d", &config.signal_width, &config.signal_height,
                    &config.signal_rate) != 3)
      config.signal_width = config.signal_height = config.signal_rate = 0;
  }
  if (key == "mode") {
    Mode mode{};
    std::string fourcc, size;
    words >> fourcc >> size;
    mode.fourcc = fourcc_of(fourcc);
    std::sscanf(size.c_str(), "%dx%d", &mode.width, &mode.height);
    for (int rate; words >> rate;) mode.rates.push_back(rate);
    if (mode.rates.empty()) mode.rates = {30};
    config.modes.push_back(mode);
  }
}

Config read_config(const std::string& path) {
  Config config;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    if (words >> key) read_line(key, words, config);
  }
  return config;
}

constexpr int kLeast = 1;  // the kernel raises this to its smallest buffer

// Makes the two ends of a TCP connection over loopback.
bool tcp_pair(int& near, int& far) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &kLeast, sizeof kLeast);
  const bool connected = bind(listener, generic, length) == 0 && listen(listener, 1) == 0 &&
                         getsockname(listener, generic, &length) == 0 &&
                         connect(near, generic, length) == 0;
  far = connected ? accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) : -1;
  ::close(listener);
  if (far < 0) return false;
  const int on = 1;
  setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(near, SOL_SOCKET, SO_SNDBUF, &kLeast, sizeof kLeast);
  // A capture device is never writable (POLLOUT), so fill the connection.
  const char filling[4096] = {};
  for (int idle = 0; idle < 3; ++idle) {
    while (send(near, filling, sizeof filling, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) idle = 0;
    usleep(1000);
  }
  return true;
}

// Makes the end that the program polls (near) and the end that makes it readable (far). Events need
// POLLPRI without POLLIN, which only urgent data of TCP gives. A device without events uses a pipe,
// which costs the program less.
bool make_ends(bool events, int& near, int& far) {
  if (events) return tcp_pair(near, far);
  int ends[2] = {-1, -1};
  const bool made = pipe2(ends, O_CLOEXEC) == 0;
  near = ends[0];
  far = ends[1];
  return made;
}

void dv_timings(int width, int height, int rate, v4l2_dv_timings& timings) {
  timings = {};
  timings.type = V4L2_DV_BT_656_1120;
  timings.bt.width = static_cast<std::uint32_t>(width);
  timings.bt.height = static_cast<std::uint32_t>(height);
  // The blanking of 1080p in CTA-861. For other sizes only the resulting rate is right.
  timings.bt.hfrontporch = 88;
  timings.bt.hsync = 44;
  timings.bt.hbackporch = 148;
  timings.bt.vfrontporch = 4;
  timings.bt.vsync = 5;
  timings.bt.vbackporch = 36;
  timings.bt.pixelclock = static_cast<std::uint64_t>(width + 280) *
                          static_cast<std::uint64_t>(height + 45) *
                          static_cast<std::uint64_t>(rate);
}

int fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

Device::Device(std::string folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)), number_(std::atoi(name_.c_str() + 5)) {}

int Device::open(const std::string& folder, const std::string& name, int flags) {
  struct stat info = {};
  if (::stat((folder + "/" + name).c_str(), &info) < 0) return -1;
  if ((info.st_mode & 0777) == 0) return fail(EACCES);  // also for root, who runs the tests
  auto* device = new Device(folder, name);
  if (!device->load() || !make_ends(device->config_.hdmi, device->app_, device->far_)) {
    delete device;
    return fail(ENODEV);
  }
  if (static_cast<std::size_t>(device->app_) >= open_devices.size()) {
    ::close(device->app_);
    delete device;
    return fail(EMFILE);
  }
  if (flags & O_NONBLOCK) fcntl(device->app_, F_SETFL, O_NONBLOCK);
  if (!(flags & O_CLOEXEC)) fcntl(device->app_, F_SETFD, 0);
  device->mode_ = device->modes().front();
  device->rate_ = device->mode_.rates.front();
  open_devices[static_cast<std::size_t>(device->app_)] = device;
  device->player_ = std::thread(&Device::play, device);
  return device->app_;
}

Device* Device::find(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  return index < open_devices.size() ? open_devices[index].load() : nullptr;
}

void Device::close(int fd) {
  Device* device = find(fd);
  if (!device) return;
  open_devices[static_cast<std::size_t>(fd)] = nullptr;
  delete device;
}

Device::~Device() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (player_.joinable()) player_.join();
  report();
  for (Buffer& buffer : buffers_) {
    munmap(buffer.bytes, buffer.size);
    ::close(buffer.memfd);
  }
  if (file_) munmap(file_, file_bytes_);
  if (far_ >= 0) ::close(far_);
}

// Reads the file again if it changed. False: the file is gone or has no mode.
bool Device::load() {
  const std::string path = folder_ + "/" + name_;
  struct stat info = {};
  if (::stat(path.c_str(), &info) < 0) return false;
  // Two edits may have the same modification time; the inode and the size then differ.
  const Stamp stamp{static_cast<std::uint64_t>(info.st_mtim.tv_sec),
                    static_cast<std::uint64_t>(info.st_mtim.tv_nsec), info.st_ino,
                    static_cast<std::uint64_t>(info.st_size)};
  if (stamp == config_stamp_) return true;
  const Config before = config_;
  config_ = read_config(path);
  const bool first = config_stamp_ == Stamp{};
  config_stamp_ = stamp;
  if (config_.modes.empty()) return false;
  if (config_.frames != before.frames) frames_.clear();
  if (first) {
    timing_width_ = config_.signal_width;
    timing_height_ = config_.signal_height;
    timing_rate_ = config_.signal_rate;
  } else if (config_.signal_width != before.signal_width ||
             config_.signal_height != before.signal_height ||
             config_.signal_rate != before.signal_rate) {
    raise_source_change();
  }
  return true;
}

// An HDMI bridge offers only the size and rate of its current timings.
std::vector<Mode> Device::modes() const {
  std::vector<Mode> all = config_.modes;
  if (!config_.hdmi || timing_width_ == 0) return all;
  for (Mode& mode : all) {
    mode.width = timing_width_;
    mode.height = timing_height_;
    mode.rates = {timing_rate_};
  }
  return all;
}

void Device::raise_source_change() {
  if (!subscribed_ || far_ < 0) return;
  ++pending_events_;
  send(far_, "!", 1, MSG_OOB | MSG_NOSIGNAL);
}

// Delivers frames at their absolute times. While nothing streams, only watches the file.
void Device::play() {
  pthread_setname_np(pthread_self(), "v4l2-player");  // benchmarks subtract its CPU time
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are for the program
  std::unique_lock lock(mutex_);
  // False as soon as the stream starts or stops, or the device is closed.
  const auto wait_until = [&](std::int64_t time_us) {
    const bool was_streaming = streaming_;
    return !changed_.wait_for(lock, std::chrono::microseconds(time_us - now_us()),
                              [&] { return stopping_ || streaming_ != was_streaming; });
  };
  std::int64_t next_us = now_us();
  while (!stopping_) {
    const std::int64_t period_us =
        streaming_ ? 1'000'000 / std::max(config_.slow ? config_.slow : rate_, 1) : 20'000;
    next_us += period_us;
    if (next_us - now_us() < -1'000'000) next_us = now_us();
    // Copy the picture early: at its time it is complete, as with DMA.
    bool time_passed = wait_until(next_us - period_us / 4);
    gone_ = gone_ || !load();
    cpu_us_ = now_us(CLOCK_THREAD_CPUTIME_ID);
    if (time_passed && streaming_ && !waiting_.empty()) fill(buffers_[waiting_.front()]);
    time_passed = time_passed && wait_until(next_us);
    if (!time_passed) next_us = now_us();
    if (gone_ && far_ >= 0) ::close(std::exchange(far_, -1));
    if (!time_passed || !streaming_ || gone_ || !tick(next_us)) continue;
    // Unlock first, so that the program does not wake up to a locked mutex. Only this thread closes
    // far_.
    lock.unlock();
    if (write(far_, ".", 1) < 0) perror("v4l2-player");
    lock.lock();
  }
}

// True: a picture was delivered.
bool Device::tick(std::int64_t time_us) {
  const bool synced = !config_.hdmi || (timing_width_ == config_.signal_width &&
                                        timing_height_ == config_.signal_height &&
                                        timing_rate_ == config_.signal_rate);
  if (config_.mc && arriving_hz(folder_, number_) == 0) return false;
  if (config_.fault == "stall" || !synced || (config_.hdmi && config_.signal_width == 0))
    return false;
  ++produced_;
  if (waiting_.empty()) {
    ++dropped_;
    ++sequence_;
    ++next_frame_;
    return false;
  }
  Buffer& buffer = buffers_[waiting_.front()];
  fill(buffer);
  deliver(buffer, time_us);
  done_.push_back(waiting_.front());
  waiting_.pop_front();
  ++delivered_;
  return true;
}

// Maps the file, which may be too large to copy, and finds the frames in it.
void Device::read_frames() {
  if (file_) munmap(file_, file_bytes_);
  file_ = nullptr;
  file_bytes_ = 0;
  const int fd = config_.frames.empty()
                     ? -1
                     : ::open((folder_ + "/" + config_.frames).c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info = {};
  if (fd >= 0 && ::fstat(fd, &info) == 0 && info.st_size > 0) {
    file_bytes_ = static_cast<std::size_t>(info.st_size);
    file_ = mmap(nullptr, file_bytes_, PROT_READ, MAP_SHARED, fd, 0);
    if (file_ == MAP_FAILED) file_ = nullptr;
  }
  if (fd >= 0) ::close(fd);
  const std::span all(static_cast<const std::uint8_t*>(file_), file_ ? file_bytes_ : 0);
  if (compressed(mode_.fourcc)) {
    frames_ = split_jpegs(all);
  } else {
    const std::size_t size = picture_bytes();
    for (std::size_t at = 0; at + size <= all.size(); at += size)
      frames_.push_back(all.subspan(at, size));
  }
  if (!frames_.empty()) return;
  grey_.assign(picture_bytes(), 0x80);
  frames_.emplace_back(grey_);
}

// Copies the next frame of the file into the buffer, unless the buffer contains it already.
void Device::fill(Buffer& buffer) {
  if (frames_.empty()) read_frames();
  const std::size_t index = next_frame_ % frames_.size();
  if (buffer.holds == index) return;
  const auto frame = frames_[index];
  buffer.used = std::min(frame.size(), buffer.size);
  std::memcpy(buffer.bytes, frame.data(), buffer.used);
  buffer.holds = index;
}

void Device::deliver(Buffer& buffer, std::int64_t time_us) {
  buffer.sequence = sequence_++;
  buffer.time_us = time_us;
  buffer.done = true;
  buffer.error = false;
  ++next_frame_;
  if (config_.fault.empty() || sequence_ % static_cast<std::uint32_t>(std::max(config_.every, 1)))
    return;
  const std::string& fault = config_.fault;
  if (fault == "torn" && sequence_ > 1) return;  // only the first picture of a stream
  buffer.holds = SIZE_MAX;
  if (fault == "error") buffer.error = true;
  if (fault == "zero") buffer.used = 0;
  if (fault == "stamps") buffer.time_us = 1;
  if (fault == "truncate") buffer.used = buffer.used * 2 / 3;
  if (fault == "torn") std::memset(buffer.bytes, 0, buffer.used / 2);
  if (fault == "corrupt")
    for (std::size_t i = 0; i < buffer.used; i += 97) buffer.bytes[i] ^= 0x5a;
  if (fault == "pad") {
    const std::size_t more =
        std::min(static_cast<std::size_t>(config_.amount), buffer.size - buffer.used);
    std::memset(buffer.bytes + buffer.used, 0, more);
    buffer.used += more;
  }
}

std::uint32_t Device::type() const {
  return config_.mplane ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

std::size_t Device::picture_bytes() const {
  const int stride = std::max(config_.stride, line_bytes(mode_.fourcc, mode_.width));
  return raw_bytes(mode_.fourcc, stride, mode_.height);
}

int Device::query_cap(v4l2_capability& cap) {
  cap = {};
  std::snprintf(reinterpret_cast<char*>(cap.driver), sizeof cap.driver, "%s",
                config_.driver.c_str());
  std::snprintf(reinterpret_cast<char*>(cap.card), sizeof cap.card, "%s", config_.card.c_str());
  std::snprintf(reinterpret_cast<char*>(cap.bus_info), sizeof cap.bus_info, "%s",
                config_.bus.c_str());
  cap.version = 6 << 16 | 1 << 8;
  cap.device_caps = (config_.mplane ? V4L2_CAP_VIDEO_CAPTURE_MPLANE : V4L2_CAP_VIDEO_CAPTURE) |
                    V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT |
                    (config_.mc ? V4L2_CAP_IO_MC : 0u);
  cap.capabilities = cap.device_caps | V4L2_CAP_DEVICE_CAPS;
  return 0;
}

int Device::enum_formats(v4l2_fmtdesc& description) {
  std::vector<std::uint32_t> codes;
  for (const Mode& mode : config_.modes)
    if ((description.mbus_code == 0 || bus_code_of(mode.fourcc) == description.mbus_code) &&
        std::find(codes.begin(), codes.end(), mode.fourcc) == codes.end())
      codes.push_back(mode.fourcc);
  if (description.type != type() || description.index >= codes.size()) return fail(EINVAL);
  const std::uint32_t code = codes[description.index];
  const std::uint32_t index = description.index;
  description = {};
  description.index = index;
  description.type = type();
  description.pixelformat = code;
  description.flags = compressed(code) ? V4L2_FMT_FLAG_COMPRESSED : 0;
  std::snprintf(reinterpret_cast<char*>(description.description), sizeof description.description,
                "%.4s", reinterpret_cast<const char*>(&code));
  return 0;
}

void Device::describe(v4l2_format& format) const {
  const std::uint32_t wanted = format.type;
  format = {};
  format.type = wanted;
  const auto stride = static_cast<std::uint32_t>(
      compressed(mode_.fourcc) ? 0
                               : std::max(config_.stride, line_bytes(mode_.fourcc, mode_.width)));
  const auto bytes =
      static_cast<std::uint32_t>(compressed(mode_.fourcc) ? mode_.width * mode_.height * 2
                                                          : static_cast<int>(picture_bytes()));
  const auto in_common = [&](auto& pix) {
    pix.width = static_cast<std::uint32_t>(mode_.width);
    pix.height = static_cast<std::uint32_t>(mode_.height);
    pix.pixelformat = mode_.fourcc;
    pix.field = V4L2_FIELD_NONE;
    pix.colorspace = V4L2_COLORSPACE_SRGB;
    pix.ycbcr_enc = static_cast<std::uint8_t>(config_.ycbcr);
    pix.quantization = static_cast<std::uint8_t>(config_.range);
  };
  if (config_.mplane) {
    auto& pix = format.fmt.pix_mp;
    in_common(pix);
    pix.num_planes = 1;
    pix.plane_fmt[0].bytesperline = stride;
    pix.plane_fmt[0].sizeimage = bytes;
    return;
  }
  auto& pix = format.fmt.pix;
  in_common(pix);
  pix.bytesperline = stride;
  pix.sizeimage = bytes;
  pix.priv = V4L2_PIX_FMT_PRIV_MAGIC;
}

// Like real drivers, replaces an unknown format by the default and a size by the nearest.
int Device::format(v4l2_format& format, bool set, bool try_only) {
  if (format.type != type()) return fail(EINVAL);
  if (!set) return describe(format), 0;
  if (!try_only && (config_.busy || !buffers_.empty())) return fail(EBUSY);
  const std::uint32_t code =
      config_.mplane ? format.fmt.pix_mp.pixelformat : format.fmt.pix.pixelformat;
  const auto width =
      static_cast<int>(config_.mplane ? format.fmt.pix_mp.width : format.fmt.pix.width);
  const auto height =
      static_cast<int>(config_.mplane ? format.fmt.pix_mp.height : format.fmt.pix.height);
  const auto all = modes();
  const bool known =
      std::any_of(all.begin(), all.end(), [&](const Mode& mode) { return mode.fourcc == code; });
  const Mode* best = nullptr;
  const auto distance = [&](const Mode& mode) {
    return std::abs(mode.width - width) + std::abs(mode.height - height);
  };
  for (const Mode& mode : all) {
    if (known && mode.fourcc != code) continue;
    if (!best || distance(mode) < distance(*best)) best = &mode;
  }
  const Mode before = mode_;
  mode_ = *best;
  if (config_.mc) {  // any size, because only the parts before the node know the right one
    mode_.width = width;
    mode_.height = height;
  }
  describe(format);
  if (try_only) {
    mode_ = before;
  } else {
    rate_ = mode_.rates.front();
    frames_.clear();
  }
  return 0;
}

int Device::frame_sizes(v4l2_frmsizeenum& size) {
  std::uint32_t index = 0;
  for (const Mode& mode : modes()) {
    if (mode.fourcc != size.pixel_format || index++ != size.index) continue;
    if (config_.mc) {
      size.type = V4L2_FRMSIZE_TYPE_STEPWISE;
      size.stepwise = {16, 16384, 2, 16, 16384, 1};
      return 0;
    }
    size.type = V4L2_FRMSIZE_TYPE_DISCRETE;
    size.discrete = {static_cast<std::uint32_t>(mode.width),
                     static_cast<std::uint32_t>(mode.height)};
    return 0;
  }
  return fail(EINVAL);
}

int Device::frame_intervals(v4l2_frmivalenum& interval) {
  for (const Mode& mode : modes()) {
    if (mode.fourcc != interval.pixel_format ||
        static_cast<std::uint32_t>(mode.width) != interval.width ||
        static_cast<std::uint32_t>(mode.height) != interval.height)
      continue;
    if (interval.index >= mode.rates.size()) break;
    interval.type = V4L2_FRMIVAL_TYPE_DISCRETE;
    interval.discrete = {1, static_cast<std::uint32_t>(mode.rates[interval.index])};
    return 0;
  }
  return fail(EINVAL);
}

int Device::parameters(v4l2_streamparm& parm, bool set) {
  const bool none = config_.hdmi || config_.mc;
  if (parm.type != type() || none) return fail(none ? ENOTTY : EINVAL);
  auto& frame = parm.parm.capture.timeperframe;
  if (set && streaming_) return fail(EBUSY);
  if (set && frame.numerator && frame.denominator) {
    const int wanted = static_cast<int>(frame.denominator / frame.numerator);
    rate_ = *std::min_element(mode_.rates.begin(), mode_.rates.end(), [&](int a, int b) {
      return std::abs(a - wanted) < std::abs(b - wanted);
    });
  }
  parm.parm.capture = {};
  parm.parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
  frame = {1, static_cast<std::uint32_t>(rate_)};
  return 0;
}

int Device::request_buffers(v4l2_requestbuffers& request) {
  if (request.type != type() || request.memory != V4L2_MEMORY_MMAP) return fail(EINVAL);
  if (streaming_ || config_.busy) return fail(EBUSY);
  for (Buffer& buffer : buffers_) {
    munmap(buffer.bytes, buffer.size);
    ::close(buffer.memfd);
  }
  buffers_.clear();
  waiting_.clear();
  done_.clear();
  request.count = std::min(request.count, config_.buffers);
  v4l2_format now{};
  now.type = type();
  describe(now);
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t wanted =
      config_.mplane ? now.fmt.pix_mp.plane_fmt[0].sizeimage : now.fmt.pix.sizeimage;
  for (std::uint32_t i = 0; i < request.count; ++i) {
    Buffer buffer;
    buffer.size = (wanted + page - 1) / page * page;
    buffer.memfd = memfd_create("fake-v4l2", MFD_CLOEXEC);
    if (ftruncate(buffer.memfd, static_cast<off_t>(buffer.size)) < 0) return -1;
    buffer.bytes = static_cast<std::uint8_t*>(
        mmap(nullptr, buffer.size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer.memfd, 0));
    buffers_.push_back(buffer);
  }
  request.capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
  return 0;
}

void Device::fill_in(v4l2_buffer& buffer, std::uint32_t index) const {
  const Buffer& mine = buffers_[index];
  v4l2_plane* planes = buffer.m.planes;
  const std::uint32_t length = buffer.length;
  buffer = {};
  buffer.index = index;
  buffer.type = type();
  buffer.memory = V4L2_MEMORY_MMAP;
  buffer.flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC |
                 (mine.queued ? V4L2_BUF_FLAG_QUEUED : 0u) |
                 (mine.error ? V4L2_BUF_FLAG_ERROR : 0u);
  buffer.field = V4L2_FIELD_NONE;
  buffer.sequence = mine.sequence;
  buffer.timestamp = {mine.time_us / 1'000'000, mine.time_us % 1'000'000};
  const auto offset = static_cast<std::uint32_t>(index + 1) << 20;
  if (config_.mplane) {
    buffer.length = std::min(length, 1u);
    buffer.m.planes = planes;
    if (planes && length) {
      planes[0] = {};
      planes[0].bytesused = static_cast<std::uint32_t>(mine.used);
      planes[0].length = static_cast<std::uint32_t>(mine.size);
      planes[0].m.mem_offset = offset;
    }
  } else {
    buffer.bytesused = static_cast<std::uint32_t>(mine.used);
    buffer.length = static_cast<std::uint32_t>(mine.size);
    buffer.m.offset = offset;
  }
}

int Device::memfd_at(std::int64_t offset) {
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<std::size_t>(offset >> 20) - 1;
  return index < buffers_.size() ? buffers_[index].memfd : -1;
}

int Device::query_buffer(v4l2_buffer& buffer) {
  if (buffer.type != type() || buffer.index >= buffers_.size()) return fail(EINVAL);
  fill_in(buffer, buffer.index);
  return 0;
}

int Device::queue(v4l2_buffer& buffer) {
  if (buffer.type != type() || buffer.index >= buffers_.size() || buffers_[buffer.index].queued)
    return fail(EINVAL);
  Buffer& mine = buffers_[buffer.index];
  mine.queued = true;
  mine.done = false;
  waiting_.push_back(buffer.index);
  fill_in(buffer, buffer.index);
  return 0;
}

int Device::dequeue(v4l2_buffer& buffer, std::unique_lock<std::mutex>& lock) {
  if (buffer.type != type() || !streaming_) return fail(EINVAL);
  if (config_.fault == "eintr" &&
      ++eintr_ % static_cast<std::uint64_t>(std::max(config_.every, 2)) == 0)
    return fail(EINTR);
  if (config_.fault == "eio" && !done_.empty()) return fail(EIO);
  while (done_.empty()) {
    // The bytes that woke poll() belong to pictures that were dequeued before: drop them.
    if (std::exchange(in_vain_, true)) forget_bytes();
    if (fcntl(app_, F_GETFL) & O_NONBLOCK) return fail(EAGAIN);
    lock.unlock();
    pollfd waiting{app_, POLLIN, 0};
    const int n = poll(&waiting, 1, -1);
    lock.lock();
    if (n < 0) return -1;
    if (gone_) return fail(ENODEV);
  }
  in_vain_ = false;
  char token;  // in the connection already, or about to be written
  pollfd there{app_, POLLIN, 0};
  while (read(app_, &token, 1) < 0 && errno == EAGAIN) poll(&there, 1, -1);
  const std::uint32_t index = done_.front();
  done_.pop_front();
  buffers_[index].queued = false;
  fill_in(buffer, index);
  return 0;
}

void Device::forget_bytes() const {
  char bytes[64];
  pollfd there{app_, POLLIN, 0};
  while (poll(&there, 1, 0) > 0 && read(app_, bytes, sizeof bytes) > 0) {
  }
}

int Device::stream(bool on) {
  if (on && (buffers_.empty() || config_.busy)) return fail(config_.busy ? EBUSY : EINVAL);
  if (on && config_.fault == "nospace") return fail(ENOSPC);
  if (on && config_.fault == "epipe") return fail(EPIPE);
  if (on && config_.mc) {
    const int error = stream_error(folder_, number_, {mode_.fourcc, mode_.width, mode_.height});
    if (error) return fail(error);
    rate_ = std::max(1, arriving_hz(folder_, number_));
  }
  const double bits = 16.0 * config_.signal_width * config_.signal_height * config_.signal_rate;
  if (on && config_.lanes > 0 && bits > 972e6 * config_.lanes) return fail(EINVAL);
  streaming_ = on;
  if (on) {
    sequence_ = 0;
  } else {
    waiting_.clear();
    done_.clear();
    for (Buffer& buffer : buffers_) buffer.queued = buffer.done = false;
    forget_bytes();
    report();
  }
  changed_.notify_all();
  return 0;
}

int Device::timings(unsigned long request, void* argument) {
  if (!config_.hdmi) return fail(ENOTTY);
  auto& timings = *static_cast<v4l2_dv_timings*>(argument);
  switch (request) {
    case VIDIOC_QUERY_DV_TIMINGS:
      if (config_.signal_width == 0 && config_.fault != "notimings") return fail(ENOLINK);
      dv_timings(config_.signal_width, config_.signal_height, config_.signal_rate, timings);
      return 0;
    case VIDIOC_G_DV_TIMINGS:
      dv_timings(timing_width_, timing_height_, timing_rate_, timings);
      return 0;
    case VIDIOC_S_DV_TIMINGS: {
      const auto& bt = timings.bt;
      const auto total = (bt.width + bt.hfrontporch + bt.hsync + bt.hbackporch) *
                         (bt.height + bt.vfrontporch + bt.vsync + bt.vbackporch);
      if (total == 0) return fail(EINVAL);
      const auto rate = static_cast<int>((bt.pixelclock + total / 2) / total);
      const bool same = static_cast<int>(bt.width) == timing_width_ &&
                        static_cast<int>(bt.height) == timing_height_ && rate == timing_rate_;
      if (!same && !buffers_.empty()) return fail(EBUSY);
      timing_width_ = static_cast<int>(bt.width);
      timing_height_ = static_cast<int>(bt.height);
      timing_rate_ = rate;
      if (!same) {
        mode_ = modes().front();
        rate_ = rate;
        frames_.clear();
      }
      return 0;
    }
    default:
      return fail(ENOTTY);
  }
}

int Device::controls(unsigned long request, void* argument) {
  const auto by_id = [&](std::uint32_t id) -> Control* {
    for (Control& control : config_.controls)
      if (control.id == id) return &control;
    return nullptr;
  };
  const auto next_after = [&](std::uint32_t id) -> Control* {
    Control* best = nullptr;
    for (Control& control : config_.controls)
      if (control.id > id && (!best || control.id < best->id)) best = &control;
    return best;
  };
  constexpr std::uint32_t kNext = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
  if (request == VIDIOC_QUERYCTRL || request == VIDIOC_QUERY_EXT_CTRL) {
    // Both structures begin with the id.
    std::uint32_t id;
    std::memcpy(&id, argument, sizeof id);
    const Control* control = id & kNext ? next_after(id & ~kNext) : by_id(id);
    if (!control) return fail(EINVAL);
    if (control->broken) return fail(EIO);
    const auto describe_control = [&](auto& query) {
      query = {};
      query.id = control->id;
      query.type = V4L2_CTRL_TYPE_INTEGER;
      std::string name = control->name;
      name[0] = static_cast<char>(std::toupper(name[0]));
      std::snprintf(reinterpret_cast<char*>(query.name), sizeof query.name, "%s", name.c_str());
      query.minimum = control->least;
      query.maximum = control->most;
      query.step = 1;
      query.default_value = control->value;
    };
    if (request == VIDIOC_QUERYCTRL) {
      describe_control(*static_cast<v4l2_queryctrl*>(argument));
    } else {
      auto& query = *static_cast<v4l2_query_ext_ctrl*>(argument);
      describe_control(query);
      query.elem_size = 4;
      query.elems = 1;
    }
    return 0;
  }
  const auto access = [&](std::uint32_t id, std::int32_t& value, bool set) {
    Control* control = by_id(id);
    if (!control) return fail(EINVAL);
    if (set && (value < control->least || value > control->most)) return fail(ERANGE);
    if (set) control->value = value;
    value = control->value;
    return 0;
  };
  if (request == VIDIOC_G_CTRL || request == VIDIOC_S_CTRL) {
    auto& control = *static_cast<v4l2_control*>(argument);
    return access(control.id, control.value, request == VIDIOC_S_CTRL);
  }
  auto& list = *static_cast<v4l2_ext_controls*>(argument);
  for (std::uint32_t i = 0; i < list.count; ++i) {
    list.error_idx = i;
    std::int32_t value = list.controls[i].value;  // the structure is packed
    if (access(list.controls[i].id, value, request == VIDIOC_S_EXT_CTRLS) < 0) return -1;
    list.controls[i].value = value;
  }
  return 0;
}

int Device::events(unsigned long request, void* argument) {
  if (request == VIDIOC_SUBSCRIBE_EVENT) {
    const auto& subscription = *static_cast<v4l2_event_subscription*>(argument);
    if (subscription.type == V4L2_EVENT_SOURCE_CHANGE && !config_.hdmi) return fail(EINVAL);
    subscribed_ = subscribed_ || subscription.type == V4L2_EVENT_SOURCE_CHANGE;
    return 0;
  }
  if (request == VIDIOC_UNSUBSCRIBE_EVENT) {
    subscribed_ = false;
    return 0;
  }
  if (pending_events_ == 0) return fail(ENOENT);
  char token;
  recv(app_, &token, 1, MSG_OOB | MSG_DONTWAIT);
  auto& event = *static_cast<v4l2_event*>(argument);
  event = {};
  event.type = V4L2_EVENT_SOURCE_CHANGE;
  event.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION;
  // TCP keeps only one urgent byte, so all pending events become one.
  pending_events_ = 0;
  return 0;
}

// Keeps the EDID in the file edid-videoN beside the device, where tests can look at it.
int Device::edid(v4l2_edid& edid, bool set) {
  if (!config_.hdmi) return fail(ENOTTY);
  const std::string path = folder_ + "/edid-" + name_;
  if (set && config_.fault == "noedid") return fail(EPERM);
  if (set) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(edid.edid),
               static_cast<std::streamsize>(edid.blocks) * 128);
    return 0;
  }
  const auto bytes = slurp(path);
  const auto have = static_cast<std::uint32_t>(bytes.size() / 128);
  if (have == 0) return fail(ENODATA);
  if (edid.blocks == 0) {
    edid.blocks = have;
    return 0;
  }
  edid.blocks = std::min(edid.blocks, have);
  std::memcpy(edid.edid, bytes.data(), static_cast<std::size_t>(edid.blocks) * 128);
  return 0;
}

int Device::ioctl(unsigned long request, void* argument) {
  std::unique_lock lock(mutex_);
  // QBUF and DQBUF are frequent, and a real driver has no file to check: leave that to the player's
  // thread.
  const bool often = request == VIDIOC_QBUF || request == VIDIOC_DQBUF;
  gone_ = gone_ || (!often && !load());
  if (request == VIDIOC_ENUM_FMT && config_.fault == "vanish")
    gone_ = ::unlink((folder_ + "/" + name_).c_str()) == 0;
  if (gone_) return fail(ENODEV);
  switch (request) {
    case VIDIOC_QUERYCAP:
      return query_cap(*static_cast<v4l2_capability*>(argument));
    case VIDIOC_ENUM_FMT:
      return enum_formats(*static_cast<v4l2_fmtdesc*>(argument));
    case VIDIOC_G_FMT:
      return format(*static_cast<v4l2_format*>(argument), false, false);
    case VIDIOC_S_FMT:
      return format(*static_cast<v4l2_format*>(argument), true, false);
    case VIDIOC_TRY_FMT:
      return format(*static_cast<v4l2_format*>(argument), true, true);
    case VIDIOC_ENUM_FRAMESIZES:
      return frame_sizes(*static_cast<v4l2_frmsizeenum*>(argument));
    case VIDIOC_ENUM_FRAMEINTERVALS:
      return frame_intervals(*static_cast<v4l2_frmivalenum*>(argument));
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM:
      return parameters(*static_cast<v4l2_streamparm*>(argument), request == VIDIOC_S_PARM);
    case VIDIOC_REQBUFS:
      return request_buffers(*static_cast<v4l2_requestbuffers*>(argument));
    case VIDIOC_QUERYBUF:
      return query_buffer(*static_cast<v4l2_buffer*>(argument));
    case VIDIOC_QBUF:
      return queue(*static_cast<v4l2_buffer*>(argument));
    case VIDIOC_DQBUF:
      return dequeue(*static_cast<v4l2_buffer*>(argument), lock);
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
      return stream(request == VIDIOC_STREAMON);
    case VIDIOC_ENUMINPUT: {
      auto& input = *static_cast<v4l2_input*>(argument);
      if (input.index != 0) return fail(EINVAL);
      input = {};
      std::snprintf(reinterpret_cast<char*>(input.name), sizeof input.name, "%s",
                    config_.hdmi ? "HDMI 0" : "Camera 1");
      input.type = V4L2_INPUT_TYPE_CAMERA;
      input.capabilities = config_.hdmi ? V4L2_IN_CAP_DV_TIMINGS : 0;
      const bool none = config_.hdmi ? config_.signal_width == 0 : config_.fault == "nosignal";
      input.status = none ? V4L2_IN_ST_NO_SIGNAL : 0;
      return 0;
    }
    case VIDIOC_G_INPUT:
      *static_cast<int*>(argument) = 0;
      return 0;
    case VIDIOC_S_INPUT:
      return *static_cast<int*>(argument) == 0 ? 0 : fail(EINVAL);
    case VIDIOC_G_DV_TIMINGS:
    case VIDIOC_S_DV_TIMINGS:
    case VIDIOC_QUERY_DV_TIMINGS:
      return timings(request, argument);
    case VIDIOC_DV_TIMINGS_CAP:
      return config_.hdmi ? 0 : fail(ENOTTY);
    case VIDIOC_QUERYCTRL:
    case VIDIOC_QUERY_EXT_CTRL:
    case VIDIOC_G_CTRL:
    case VIDIOC_S_CTRL:
    case VIDIOC_G_EXT_CTRLS:
    case VIDIOC_S_EXT_CTRLS:
      return controls(request, argument);
    case VIDIOC_SUBSCRIBE_EVENT:
    case VIDIOC_UNSUBSCRIBE_EVENT:
    case VIDIOC_DQEVENT:
      return events(request, argument);
    case VIDIOC_G_EDID:
    case VIDIOC_S_EDID:
      return edid(*static_cast<v4l2_edid*>(argument), request == VIDIOC_S_EDID);
    default:
      return fail(ENOTTY);
  }
}

// Appends a line to the report. It includes the CPU time of the player's thread, so that a
// benchmark can subtract it.
void Device::report() {
  const char* path = std::getenv("FAKE_V4L2_REPORT");
  if (!path || produced_ == 0) return;
  if (FILE* file = std::fopen(path, "ae")) {
    std::fprintf(file,
                 "{\"device\":\"%s\",\"produced\":%llu,\"delivered\":%llu,\"dropped\":%llu,"
                 "\"cpu_us\":%lld}\n",
                 name_.c_str(), static_cast<unsigned long long>(produced_),
                 static_cast<unsigned long long>(delivered_),
                 static_cast<unsigned long long>(dropped_), static_cast<long long>(cpu_us_));
    std::fclose(file);
  }
  produced_ = delivered_ = dropped_ = 0;
}

}  // namespace fake
