// Makes frames: encodes raw pictures, passes the device's JPEG images through, draws notices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "capture/health.h"
#include "capture/source.h"
#include "jpeg/clean.h"
#include "picture/encoder.h"
#include "picture/retile.h"

namespace kvm {

enum class PassThrough { kAsIs, kRetiled };  // kRetiled: JPEG images are cut into tiles

struct MadeFrame {
  JpegFault fault = JpegFault::kNone;  // otherwise there is no frame
  bool unchanged = false;    // the same picture as the frame before, and no repeat is due: no frame
  FrameParts parts{};        // readable until the next call
  std::int64_t time_us = 0;  // unix time of the first pixel
};

class FrameMaker {
 public:
  FrameMaker(const EncoderOptions& encoder, PassThrough pass_through)
      : encoder_options_(encoder), pass_through_(pass_through) {}

  // `repeat_due`: make a frame of an unchanged picture too.
  MadeFrame from_picture(CaptureSource& source, Picture picture, bool repeat_due);
  // 0x0: the size is not known yet.
  MadeFrame from_trouble(const Trouble& trouble, int width, int height, std::uint64_t sequence);

 private:
  // A JPEG image as it was passed through last. The output may still be reading it.
  struct Passed {
    Picture picture;  // keeps the memory
    FrameParts frame;
  };
  MadeFrame encode(const Image& image, std::int64_t time_us, bool repeat_due);
  MadeFrame pass(Bytes jpeg, Picture picture, bool repeat_due);
  Encoder& encoder();

  const EncoderOptions encoder_options_;
  const PassThrough pass_through_;
  std::optional<Encoder> encoder_;  // made when first needed: it starts threads
  Retiler retiler_;
  std::string com_;  // of the frame that was made last
  std::optional<Passed> passed_;
};

}  // namespace kvm
