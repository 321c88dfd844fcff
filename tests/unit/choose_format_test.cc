#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include "capture/v4l2_choice.h"

namespace kvm {
namespace {

constexpr std::uint32_t kMjpg = V4L2_PIX_FMT_MJPEG, kNv12 = V4L2_PIX_FMT_NV12,
                        kYuyv = V4L2_PIX_FMT_YUYV, kRgb = V4L2_PIX_FMT_RGB24;

SizeInfo discrete(int width, int height, std::vector<std::uint32_t> rates = {}) {
  SizeInfo info;
  info.least = info.most = {width, height};
  for (const std::uint32_t rate : rates) info.rates.push_back({rate, 1});
  return info;
}

FormatInfo format(std::uint32_t fourcc, std::vector<SizeInfo> sizes) {
  return {fourcc, "", is_usable(fourcc), std::move(sizes)};
}

std::optional<Choice> choose(const std::vector<FormatInfo>& formats, std::optional<Size> size = {},
                             std::optional<Rate> rate = {},
                             std::optional<std::uint32_t> fourcc = {}) {
  return choose_format(formats, size, rate, fourcc);
}

std::uint32_t chosen_fourcc(const std::vector<FormatInfo>& formats) {
  const auto choice = choose(formats);
  return choice ? choice->fourcc : 0;
}

Size chosen_size(const SizeInfo& info, Size wanted) {
  const auto choice = choose({format(kYuyv, {info})}, wanted);
  return choice ? choice->size : Size{};
}

double chosen_hz(const SizeInfo& info, Rate wanted) {
  const auto choice = choose({format(kYuyv, {info})}, {}, wanted);
  return choice && choice->rate ? choice->rate->hz() : 0;
}

TEST(ChooseFormat, NothingUsableIsNoChoice) {
  EXPECT_FALSE(choose({}));
  const std::uint32_t h264 = V4L2_PIX_FMT_H264;
  EXPECT_FALSE(choose({format(h264, {discrete(1920, 1080, {60})})}));
  EXPECT_EQ(chosen_fourcc({format(h264, {discrete(1920, 1080, {60})}),
                           format(kYuyv, {discrete(640, 480, {30})})}),
            kYuyv);
}

TEST(ChooseFormat, WithoutAWishTheSizeNearestTo1080p) {
  const std::vector<FormatInfo> formats = {
      format(kMjpg, {discrete(640, 480, {60}), discrete(1920, 1080, {30}),
                     discrete(3840, 2160, {30}), discrete(1280, 720, {60})})};
  EXPECT_EQ(choose(formats)->size, (Size{1920, 1080}));
}

TEST(ChooseFormat, WithoutAWishNoSizeThatIsTooSlow) {
  const std::vector<FormatInfo> formats = {format(
      kYuyv, {discrete(1920, 1080, {5}), discrete(1280, 720, {15}), discrete(640, 480, {30})})};
  EXPECT_EQ(choose(formats)->size, (Size{1280, 720}));
  EXPECT_EQ(choose(formats, Size{1920, 1080})->size, (Size{1920, 1080}));  // as wanted
  EXPECT_EQ(choose(formats, {}, Rate{5, 1})->size, (Size{1920, 1080}));    // 5 Hz is enough
  // A slow size is better than none.
  EXPECT_EQ(choose({format(kYuyv, {discrete(1920, 1080, {5})})})->size, (Size{1920, 1080}));
}

TEST(ChooseFormat, AWantedSizeOrTheNearest) {
  const std::vector<FormatInfo> formats = {
      format(kMjpg, {discrete(1920, 1080, {30}), discrete(1280, 720, {30})}),
      format(kYuyv, {discrete(640, 480, {30})})};
  EXPECT_EQ(choose(formats, Size{1280, 720})->size, (Size{1280, 720}));
  EXPECT_EQ(choose(formats, Size{1200, 700})->size, (Size{1280, 720}));
  // The nearest size wins, even in a format that costs more to encode.
  EXPECT_EQ(choose(formats, Size{600, 500})->fourcc, kYuyv);
}

TEST(ChooseFormat, ASteppedSizeIsSnappedIntoItsRange) {
  SizeInfo stepped;
  stepped.least = {32, 16};
  stepped.most = {1920, 1080};
  stepped.step = {16, 4};
  EXPECT_EQ(chosen_size(stepped, {640, 480}), (Size{640, 480}));
  EXPECT_EQ(chosen_size(stepped, {650, 483}), (Size{640, 480}));
  EXPECT_EQ(chosen_size(stepped, {16, 8}), (Size{32, 16}));
  EXPECT_EQ(chosen_size(stepped, {4000, 4000}), (Size{1920, 1080}));
}

TEST(ChooseFormat, AFormatThatTellsNoSizesIsAskedForTheWantedSize) {
  EXPECT_EQ(choose({format(kYuyv, {})}, Size{800, 600})->size, (Size{800, 600}));
  const auto choice = choose({format(kYuyv, {})}, {}, Rate{25, 1});
  EXPECT_EQ(choice->size, (Size{1920, 1080}));
  EXPECT_EQ(choice->rate->hz(), 25);
}

TEST(ChooseFormat, AmongEqualSizesTheRateDecides) {
  const std::vector<FormatInfo> formats = {format(kMjpg, {discrete(1920, 1080, {30, 10})}),
                                           format(kYuyv, {discrete(1920, 1080, {60})})};
  EXPECT_EQ(choose(formats)->fourcc, kMjpg);  // without a wanted rate, 30 Hz is enough
  EXPECT_EQ(choose(formats, {}, Rate{60, 1})->fourcc, kYuyv);
}

TEST(ChooseFormat, JpegBefore420BeforeOthers) {
  const auto hd = [](std::uint32_t fourcc) { return format(fourcc, {discrete(1920, 1080, {30})}); };
  EXPECT_EQ(chosen_fourcc({hd(kRgb), hd(kYuyv), hd(kNv12), hd(kMjpg)}), kMjpg);
  EXPECT_EQ(chosen_fourcc({hd(kRgb), hd(kYuyv), hd(kNv12)}), kNv12);
  EXPECT_EQ(chosen_fourcc({hd(kRgb), hd(kYuyv)}), kYuyv);
}

TEST(ChooseFormat, AWantedFormatOrNothing) {
  const std::vector<FormatInfo> formats = {format(kMjpg, {discrete(1920, 1080, {30})}),
                                           format(kYuyv, {discrete(640, 480, {30})})};
  EXPECT_EQ(choose(formats, {}, {}, kYuyv)->fourcc, kYuyv);
  EXPECT_FALSE(choose(formats, {}, {}, kNv12));
}

TEST(ChooseFormat, TheSlowestRateThatIsEnoughIsAskedFor) {
  const SizeInfo info = discrete(640, 480, {60, 30, 15});
  EXPECT_EQ(chosen_hz(info, {20, 1}), 30);
  EXPECT_EQ(chosen_hz(info, {30, 1}), 30);
  EXPECT_EQ(chosen_hz(info, {50, 1}), 60);
  EXPECT_EQ(chosen_hz(info, {90, 1}), 60);  // too slow, but the fastest
  SizeInfo ntsc = discrete(640, 480);
  ntsc.rates = {{60, 1}, {30000, 1001}};
  EXPECT_NEAR(chosen_hz(ntsc, {30, 1}), 29.97, 0.001);
  SizeInfo any = info;
  any.any_rate = true;
  EXPECT_EQ(chosen_hz(any, {20, 1}), 20);
}

}  // namespace
}  // namespace kvm
