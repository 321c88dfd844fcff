#include "capture/v4l2_node.h"

#include <linux/videodev2.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

std::string no_capture(const std::string& path) {
  return path + ": not a video capture device";
}

V4l2Port open_port(const std::string& path, const V4l2Hints& hints) {
  try {
    return V4l2Port(path, hints);
  } catch (const Error& error) {
    if (error.code() != EISDIR && error.code() != ETXTBSY) throw;
    throw Error(Exit::kNoInput, no_capture(path));
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

V4l2Node::V4l2Node(const std::string& path, const V4l2Hints& hints)
    : V4l2Port(open_port(path, hints)) {
  v4l2_capability about{};
  if (!ask(VIDIOC_QUERYCAP, &about)) {
    if (errno == ENODEV) throw Error::from_errno(path, errno, hints.missing);
    throw Error(Exit::kNoInput, no_capture(path), hints.unsuitable);
  }
  const std::uint32_t capabilities =
      about.capabilities & V4L2_CAP_DEVICE_CAPS ? about.device_caps : about.capabilities;
  if (capabilities & V4L2_CAP_VIDEO_CAPTURE)
    type_ = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  else if (capabilities & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
    type_ = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  driver_ = name_in(about.driver);
  card_ = name_in(about.card);
  bus_ = name_in(about.bus_info);
  media_controller_ = capabilities & V4L2_CAP_IO_MC;
  // A codec is both an output and a capture device; it has no picture of its own. Old versions of
  // v4l2loopback claim to be one.
  const bool codec =
      capabilities & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE) && driver_ != "v4l2 loopback";
  if (type_ == 0 || codec)
    throw Error(Exit::kNoInput, no_capture(path) + ": " + card_, hints.unsuitable);
  if (!(capabilities & V4L2_CAP_STREAMING))
    throw Error(Exit::kNoInput, path + ": " + card_ + " cannot stream into memory");
}

bool V4l2Node::multi_planar() const noexcept {
  return type_ == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
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
    throw Error(Exit::kConfig,
                path() + ": the driver chose " + fourcc_name(format.fourcc) + " instead of " +
                    fourcc_name(fourcc),
                hints().unsuitable);
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

std::vector<V4l2Node> list_nodes(std::optional<Error>* refused, const V4l2Hints& hints) {
  std::vector<V4l2Node> nodes;
  for (int number = 0; number < 256; ++number) {  // VIDEO_NUM_DEVICES, the kernel's limit
    const std::string path = "/dev/video" + std::to_string(number);
    if (::access(path.c_str(), F_OK) < 0) continue;
    try {
      nodes.emplace_back(path, hints);
    } catch (const Error& error) {
      // Most of these nodes are codecs or carry metadata. A node without permission may be the
      // device that the user wants.
      if (refused && !*refused && error.exit() == Exit::kPermission) *refused = error;
    }
  }
  return nodes;
}

}  // namespace kvm
