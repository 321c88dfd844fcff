#include "picture/convert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "libjpeg.h"
#include "picture/tile_encoder.h"
#include "test_picture.h"

namespace kvm {
namespace {

struct Rgb {
  double r, g, b;  // 0–1
};

// Colour bars at 100 % and 75 %, and greys, each 32 pixels wide.
constexpr Rgb kBars[] = {{1, 1, 1},      {1, 1, 0},     {0, 1, 1},     {0, 1, 0},
                         {1, 0, 1},      {1, 0, 0},     {0, 0, 1},     {0, 0, 0},
                         {.75, .75, 0},  {0, .75, .75}, {.75, 0, .75}, {.75, .25, .25},
                         {.25, .5, .75}, {.5, .5, .5},  {.1, .1, .1},  {.9, .9, .9}};
constexpr int kBarWidth = 32;

// Converts a colour by ITU-R BT.601-7 or BT.709-6, in floating point. Returns R, G, B or Y, Cb, Cr.
std::array<int, 3> encoded(const Rgb& c, bool rgb, ColorEncoding encoding, bool limited) {
  const auto level = [](double value) { return static_cast<int>(std::lround(value)); };
  const double black = limited ? 16 : 0, luma = limited ? 219 : 255, chroma = limited ? 224 : 255;
  if (rgb) return {level(black + luma * c.r), level(black + luma * c.g), level(black + luma * c.b)};
  const double kr = encoding == ColorEncoding::k709 ? 0.2126 : 0.299;
  const double kb = encoding == ColorEncoding::k709 ? 0.0722 : 0.114;
  const double y = kr * c.r + (1 - kr - kb) * c.g + kb * c.b;
  return {level(black + luma * y), std::min(255, level(128 + chroma * (c.b - y) / (2 * (1 - kb)))),
          std::min(255, level(128 + chroma * (c.r - y) / (2 * (1 - kr))))};
}

void paint_bars(TestPicture& picture, ColorEncoding encoding, bool limited) {
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const auto v = encoded(kBars[x / kBarWidth], picture.rgb(), encoding, limited);
      if (picture.format.layout == PixelLayout::kRgb565) {
        const int pixel = v[0] >> 3 << 11 | v[1] >> 2 << 5 | v[2] >> 3;
        std::uint8_t* bytes = &picture.at(0, x, y);
        bytes[0] = static_cast<std::uint8_t>(pixel);
        bytes[1] = static_cast<std::uint8_t>(pixel >> 8);
        continue;
      }
      for (int c = 0; c < (picture.format.layout == PixelLayout::kGrey ? 1 : 3); ++c)
        picture.at(c, x, y) = static_cast<std::uint8_t>(v[static_cast<std::size_t>(c)]);
    }
}

TEST(Colours, ComeBackInEveryFormatAndEncoding) {
  for (const PixelFormat& format : pixel_formats())
    for (const ColorEncoding encoding : {ColorEncoding::k601, ColorEncoding::k709})
      for (const bool limited : {false, true})
        for (const Subsampling subsampling : {Subsampling::k420, Subsampling::k444}) {
          TestPicture picture(format.name, kBarWidth * static_cast<int>(std::size(kBars)), 16);
          paint_bars(picture, encoding, limited);
          Image image = picture.image();
          image.encoding = encoding;
          image.limited_range = limited;
          EncoderOptions options;
          options.quality = 100;
          options.subsampling = subsampling;
          TileEncoder encoder(options);
          const Decoded decoded = decode(encoder.encode(image, ""), true);
          const bool grey = format.layout == PixelLayout::kGrey;
          const int tolerance = format.layout == PixelLayout::kRgb565 ? 12 : 4;
          for (std::size_t bar = 0; bar < std::size(kBars); ++bar) {
            const Rgb& c = kBars[bar];
            const double y = encoding == ColorEncoding::k709
                                 ? .2126 * c.r + .7152 * c.g + .0722 * c.b
                                 : .299 * c.r + .587 * c.g + .114 * c.b;
            const Rgb want = grey ? Rgb{y, y, y} : c;
            const std::uint8_t* got =
                &decoded.samples[3 * (bar * kBarWidth + kBarWidth / 2 +
                                      8 * static_cast<std::size_t>(decoded.width))];
            const std::string label = std::string(format.name) + " bar " + std::to_string(bar) +
                                      (encoding == ColorEncoding::k709 ? " 709" : " 601") +
                                      (limited ? " limited" : " full");
            EXPECT_NEAR(got[0], 255 * want.r, tolerance) << label;
            EXPECT_NEAR(got[1], 255 * want.g, tolerance) << label;
            EXPECT_NEAR(got[2], 255 * want.b, tolerance) << label;
          }
        }
}

// The result for a tile must not depend on its surroundings, its strides or its position.
TEST(Converter, APieceDependsOnItsPixelsAlone) {
  for (const PixelFormat& format : pixel_formats())
    for (const Subsampling subsampling :
         {Subsampling::k420, Subsampling::k422, Subsampling::k444}) {
      const int height = format.layout == PixelLayout::kGrey ? 8 : 8 * chroma_y(subsampling);
      TestPicture large = TestPicture(format.name, 150, 48, 10).paint(9);
      const Rect there{34, height, 45, height - 3};
      TestPicture small(format.name, there.width, there.height);
      for (int plane = 0; plane < format.planes; ++plane) {
        const Image from = large.image(), to = small.image();
        const auto p = static_cast<std::size_t>(plane);
        const std::size_t left = plane_stride(format, plane, there.x, 0);
        const int top = plane == 0 ? there.y : there.y / format.chroma_y;
        for (int y = 0; y < plane_rows(format, plane, there.height); ++y)
          std::copy_n(from.planes[p] + static_cast<std::size_t>(top + y) * from.strides[p] + left,
                      plane_stride(format, plane, there.width, 0),
                      small.pixels.data() + (to.planes[p] - small.pixels.data()) +
                          static_cast<std::size_t>(y) * to.strides[p]);
      }
      constexpr std::size_t kStride = 64;
      const auto converted = [&](const TestPicture& picture, const Rect& rect) {
        std::vector<std::uint8_t> out(3 * 17 * kStride, 77);
        Image image = picture.image();
        image.encoding = ColorEncoding::k709;
        image.limited_range = true;
        Converter().convert(image, rect, subsampling,
                            {out.data(), &out[17 * kStride], &out[34 * kStride], kStride, kStride});
        return out;
      };
      EXPECT_EQ(converted(large, there), converted(small, {0, 0, there.width, there.height}))
          << format.name;
    }
}

TEST(PixelFormats, SizesAreV4l2s) {
  const auto bytes = [](const char* name, int w, int h, std::size_t stride) {
    return image_bytes(TestPicture::by_name(name), w, h, stride);
  };
  EXPECT_EQ(bytes("YUYV", 1920, 1080, 0), 4147200u);
  EXPECT_EQ(bytes("YUYV", 3, 2, 0), 16u);
  EXPECT_EQ(bytes("NV12", 1920, 1080, 0), 3110400u);
  EXPECT_EQ(bytes("YU12", 1920, 1080, 2048), 3317760u);
  EXPECT_EQ(bytes("NV24", 16, 16, 0), 768u);
  EXPECT_EQ(bytes("RGB3", 5, 3, 0), 45u);
  EXPECT_EQ(bytes("GREY", 5, 3, 8), 24u);
  EXPECT_EQ(find_pixel_format(fourcc("MJPG")), nullptr);
}

}  // namespace
}  // namespace kvm
