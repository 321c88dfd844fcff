#include "capture/v4l2_format.h"

#include <linux/videodev2.h>

#include <algorithm>

#include "base/text.h"

namespace kvm {

namespace {

// A driver may report any of these parameters as "default": its value then follows from the
// parameters before it.
void read_colours(PictureFormat& format, std::uint32_t space, std::uint32_t encoding,
                  std::uint32_t quantization) noexcept {
  const PixelFormat* pixels = find_pixel_format(format.fourcc);
  const bool rgb =
      pixels && (pixels->layout == PixelLayout::kRgb || pixels->layout == PixelLayout::kRgb565);
  if (encoding == V4L2_YCBCR_ENC_DEFAULT) encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(space);
  const bool grey = pixels && pixels->layout == PixelLayout::kGrey;  // 0–255 in practice
  if (quantization == V4L2_QUANTIZATION_DEFAULT)
    quantization = V4L2_MAP_QUANTIZATION_DEFAULT(rgb || grey, space, encoding);
  const bool is_709 = encoding == V4L2_YCBCR_ENC_709 || encoding == V4L2_YCBCR_ENC_XV709;
  format.encoding = is_709 ? ColorEncoding::k709 : ColorEncoding::k601;
  format.limited_range = quantization == V4L2_QUANTIZATION_LIM_RANGE;
}

}  // namespace

std::string fourcc_name(std::uint32_t fourcc) {
  std::string name;
  for (unsigned shift = 0; shift < 32; shift += 8)
    name.push_back(static_cast<char>(fourcc >> shift & (shift == 24 ? 0x7f : 0xff)));
  return printable(trim(name)) + (fourcc >> 31 ? "-BE" : "");
}

std::optional<std::uint32_t> parse_fourcc(std::string_view name) {
  if (name == "MJPEG") return V4L2_PIX_FMT_MJPEG;
  if (name.empty() || name.size() > 4) return std::nullopt;
  std::uint32_t fourcc = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const char letter = i < name.size() ? name[i] : ' ';
    if (letter < ' ' || letter > '~') return std::nullopt;
    fourcc |= static_cast<std::uint32_t>(letter) << 8 * i;
  }
  return fourcc;
}

bool is_jpeg(std::uint32_t fourcc) noexcept {
  return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

bool is_usable(std::uint32_t fourcc) noexcept {
  return is_jpeg(fourcc) || find_pixel_format(fourcc);
}

std::optional<Image> PictureFormat::image(std::span<const Bytes> memory) const noexcept {
  const PixelFormat* pixels = find_pixel_format(fourcc);
  if (!pixels || memory.size() < memories) return std::nullopt;
  Image image = image_over(*pixels, width, height, strides[0], memory[0].data());
  if (!pixels->separate) {
    if (memory[0].size() < image_bytes(*pixels, width, height, strides[0])) return std::nullopt;
  } else {
    if (memories < pixels->planes) return std::nullopt;
    for (std::size_t i = 0; i < pixels->planes; ++i) {
      if (strides[i]) image.strides[i] = strides[i];
      const int rows = plane_rows(*pixels, static_cast<int>(i), height);
      if (memory[i].size() < image.strides[i] * static_cast<std::size_t>(rows)) return std::nullopt;
      image.planes[i] = memory[i].data();
    }
  }
  image.encoding = encoding;
  image.limited_range = limited_range;
  return image;
}

PictureFormat read_format(const v4l2_format& answer) noexcept {
  PictureFormat format;
  if (answer.type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
    const v4l2_pix_format_mplane& pix = answer.fmt.pix_mp;
    format.fourcc = pix.pixelformat;
    format.width = static_cast<int>(pix.width);
    format.height = static_cast<int>(pix.height);
    format.memories = std::clamp<std::size_t>(pix.num_planes, 1, 3);
    for (std::size_t i = 0; i < format.memories; ++i)
      format.strides[i] = pix.plane_fmt[i].bytesperline;
    read_colours(format, pix.colorspace, pix.ycbcr_enc, pix.quantization);
  } else {
    const v4l2_pix_format& pix = answer.fmt.pix;
    format.fourcc = pix.pixelformat;
    format.width = static_cast<int>(pix.width);
    format.height = static_cast<int>(pix.height);
    format.strides[0] = pix.bytesperline;
    // Old drivers set only the colour space. `priv` tells whether the other values are set
    // ("Single-planar format structure").
    const bool extended = pix.priv == V4L2_PIX_FMT_PRIV_MAGIC;
    read_colours(format, pix.colorspace, extended ? pix.ycbcr_enc : 0u,
                 extended ? pix.quantization : 0u);
  }
  return format;
}

}  // namespace kvm
