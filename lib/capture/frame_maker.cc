#include "capture/frame_maker.h"

#include <utility>

#include "base/clock.h"
#include "picture/notice.h"

namespace kvm {

namespace {

constexpr int kNoticeWidth = 1280, kNoticeHeight = 720;

const char* title_of(SourceState state) {
  switch (state) {
    case SourceState::kNoSignal:
      return "NO SIGNAL";
    case SourceState::kNoDevice:
      return "NO CAPTURE DEVICE";
    default:
      return "NO PICTURE";
  }
}

}  // namespace

MadeFrame FrameMaker::from_picture(CaptureSource& source, Picture picture, bool repeat_due) {
  com_ = com_segment({picture.time_us, picture.sequence, SourceState::kLive}, std::move(com_));
  const View view = source.view(picture);
  if (const auto* image = std::get_if<Image>(&view))
    return encode(*image, picture.time_us, repeat_due);
  if (const auto* jpeg = std::get_if<Bytes>(&view))
    return pass(*jpeg, std::move(picture), repeat_due);
  return {.fault = JpegFault::kTruncated};
}

MadeFrame FrameMaker::encode(const Image& image, std::int64_t time_us, bool repeat_due) {
  const Bytes frame = encoder().encode(image, com_);
  passed_.reset();
  if (encoder().unchanged() && !repeat_due) return {.unchanged = true};
  return {.parts = {frame}, .time_us = time_us};
}

MadeFrame FrameMaker::pass(Bytes jpeg, Picture picture, bool repeat_due) {
  FrameParts cleaned;
  JpegFault fault = clean_jpeg(jpeg, com_, cleaned);
  if (fault != JpegFault::kNone) return {.fault = fault};
  if (!repeat_due && passed_ && same_picture(cleaned, passed_->frame)) return {.unchanged = true};
  FrameParts frame = cleaned;
  if (pass_through_ == PassThrough::kRetiled) fault = retiler_.retile(frame);
  if (fault != JpegFault::kNone) return {.fault = fault};
  passed_ = {std::move(picture), cleaned};
  return {.parts = frame, .time_us = passed_->picture.time_us};
}

MadeFrame FrameMaker::from_trouble(const Trouble& trouble, int width, int height,
                                   std::uint64_t sequence) {
  const std::int64_t time_us = unix_us();
  com_ = com_segment({time_us, sequence, trouble.state}, std::move(com_));
  Notice notice(width > 0 ? width : kNoticeWidth, height > 0 ? height : kNoticeHeight);
  const Bytes frame = encoder().encode(notice.draw(title_of(trouble.state), trouble.reason), com_);
  passed_.reset();
  return {.parts = {frame}, .time_us = time_us};
}

TileEncoder& FrameMaker::encoder() {
  if (!encoder_) encoder_.emplace(encoder_options_);
  return *encoder_;
}

}  // namespace kvm
