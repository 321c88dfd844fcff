#include "capture/v4l2_node.h"

#include <linux/videodev2.h>
#include <sys/ioctl.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

bool do_ioctl(int fd, unsigned long request, void* argument) noexcept {
  int result;
  do {
    result = ::ioctl(fd, request, argument);
  } while (result < 0 && errno == EINTR);
  return result >= 0;
}

const char* hint_for(int err) {
  switch (err) {
    case ENOENT:
      return "is the device plugged in? `kvm-capture --list` shows what there is";
    case EACCES:
      return "become a member of the group video";
    case EBUSY:
      return "another program captures from it: see fuser -v on it";
    default:
      return "";
  }
}

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
  Rate rate;
  if (const auto slash = text.find('/'); slash != text.npos) {
    const auto pictures = parse_number<std::uint32_t>(text.substr(0, slash));
    const auto seconds = parse_number<std::uint32_t>(text.substr(slash + 1));
    if (!pictures || !seconds) return std::nullopt;
    rate = {*pictures, *seconds};
  } else if (const auto value = parse_number<double>(text); value && *value > 0 && *value <= 1000) {
    const double thousandths = std::round(*value * 1000);
    rate = {static_cast<std::uint32_t>(thousandths), 1000};
  }
  if (rate.pictures == 0 || rate.seconds == 0 || rate.hz() > 1000) return std::nullopt;
  const std::uint32_t common = std::gcd(rate.pictures, rate.seconds);
  return Rate{rate.pictures / common, rate.seconds / common};
}

V4l2Node::V4l2Node(const std::string& path) : path_(path) {
  const std::string no_capture = path + ": not a video capture device";
  try {
    fd_ = open_fd(path, O_RDWR | O_NONBLOCK);
  } catch (const Error& error) {
    if (error.code() == EISDIR || error.code() == ETXTBSY) throw Error(Exit::kNoInput, no_capture);
    throw Error::from_errno(path, error.code(), hint_for(error.code()));
  }
  v4l2_capability about{};
  if (!ask(VIDIOC_QUERYCAP, &about)) {
    if (errno == ENODEV) throw Error::from_errno(path, errno, hint_for(ENOENT));
    throw Error(Exit::kNoInput, no_capture + " (see kvm-capture --list)");
  }
  const std::uint32_t can =
      about.capabilities & V4L2_CAP_DEVICE_CAPS ? about.device_caps : about.capabilities;
  // A codec is both an output and a capture device; it has no picture of its own.
  const bool codec = can & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
  if (can & V4L2_CAP_VIDEO_CAPTURE)
    type_ = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  else if (can & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
    type_ = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  driver_ = name_in(about.driver);
  card_ = name_in(about.card);
  bus_ = name_in(about.bus_info);
  if (type_ == 0 || codec)
    throw Error(Exit::kNoInput, no_capture + ": " + card_ + " (see kvm-capture --list)");
  if (!(can & V4L2_CAP_STREAMING))
    throw Error(Exit::kNoInput, path + ": " + card_ + " cannot stream into memory");
}

bool V4l2Node::multi_planar() const noexcept {
  return type_ == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
}

bool V4l2Node::ask(unsigned long request, void* argument) const noexcept {
  return do_ioctl(fd_.get(), request, argument);
}

void V4l2Node::must(unsigned long request, void* argument, const char* name) const {
  if (ask(request, argument)) return;
  const int err = errno;
  const std::string what = path_ + ": " + name;
  // On a device that is open, some errors mean something of their own.
  if (err == ENOSPC)
    throw Error(Exit::kBusy, what +
                                 ": the USB bus has no room for this format at this rate (try "
                                 "-f MJPG, a lower -r or -s, or another port)");
  if (err == EACCES) throw Error::from_errno(what, err, "the device does not let this be set now");
  throw Error::from_errno(what, err, hint_for(err));
}

PictureFormat V4l2Node::format() const {
  v4l2_format answer{};
  answer.type = type_;
  must(VIDIOC_G_FMT, &answer, "VIDIOC_G_FMT");
  return read_format(answer);
}

PictureFormat V4l2Node::set_format(std::uint32_t fourcc, int width, int height) const {
  v4l2_format wanted{};
  wanted.type = type_;
  if (multi_planar()) {
    wanted.fmt.pix_mp.pixelformat = fourcc;
    wanted.fmt.pix_mp.width = static_cast<std::uint32_t>(width);
    wanted.fmt.pix_mp.height = static_cast<std::uint32_t>(height);
    wanted.fmt.pix_mp.field = V4L2_FIELD_ANY;
  } else {
    wanted.fmt.pix.pixelformat = fourcc;
    wanted.fmt.pix.width = static_cast<std::uint32_t>(width);
    wanted.fmt.pix.height = static_cast<std::uint32_t>(height);
    wanted.fmt.pix.field = V4L2_FIELD_ANY;
    wanted.fmt.pix.priv = V4L2_PIX_FMT_PRIV_MAGIC;
  }
  must(VIDIOC_S_FMT, &wanted, "VIDIOC_S_FMT");
  const PictureFormat format = read_format(wanted);
  if (format.fourcc != fourcc)
    throw Error(Exit::kConfig, path_ + ": no format " + fourcc_name(fourcc) + ", but " +
                                   fourcc_name(format.fourcc) + " (see kvm-capture --list)");
  return format;
}

std::optional<Rate> V4l2Node::rate(std::optional<Rate> wanted) const {
  v4l2_streamparm parameters{};
  parameters.type = type_;
  if (!ask(VIDIOC_G_PARM, &parameters)) return std::nullopt;
  v4l2_fract& period = parameters.parm.capture.timeperframe;
  if (wanted && parameters.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) {
    period = {wanted->seconds, wanted->pictures};
    if (!ask(VIDIOC_S_PARM, &parameters)) return std::nullopt;
  }
  if (period.numerator == 0 || period.denominator == 0) return std::nullopt;
  return Rate{period.denominator, period.numerator};
}

}  // namespace kvm
