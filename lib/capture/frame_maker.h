// Makes frames: encodes raw pictures, passes the device's JPEG images through, draws notices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "capture/health.h"
#include "capture/source.h"
#include "jpeg/clean_mjpeg.h"
#include "picture/retile.h"
#include "picture/tile_encoder.h"

namespace kvm {

enum class PassThrough { kAsIs, kRetiled };  // kRetiled: JPEG images are cut into tiles

struct MadeFrame {
  JpegFault fault = JpegFault::kNone;  // unless kNone: there is no frame
  // The picture equals that of the last frame, and no repeat is due: there is no frame.
  bool unchanged = false;
  FrameParts parts{};        // readable until the next call
  std::int64_t time_us = 0;  // unix time of the first pixel
};

class FrameMaker {
 public:
  FrameMaker(const EncoderOptions& encoder, PassThrough pass_through)
      : encoder_options_(encoder), pass_through_(pass_through) {}

  // `repeat_due`: make a frame even if the picture is unchanged.
  MadeFrame from_picture(CaptureSource& source, Picture picture, bool repeat_due);
  // Makes a notice of this size. 0x0: the size of the screen is not known yet.
  MadeFrame from_trouble(const Trouble& trouble, int width, int height, std::uint64_t sequence);

 private:
  // The JPEG image that was passed through last. The output may still be reading it.
  struct Passed {
    Picture picture;  // keeps the memory
    FrameParts frame;
  };
  MadeFrame encode(const Image& image, std::int64_t time_us, bool repeat_due);
  MadeFrame pass(Bytes jpeg, Picture picture, bool repeat_due);
  TileEncoder& encoder();

  const EncoderOptions encoder_options_;
  const PassThrough pass_through_;
  std::optional<TileEncoder> encoder_;  // made when first needed: it starts threads
  Retiler retiler_;
  std::string com_;  // the COM segment of the last frame
  std::optional<Passed> passed_;
};

}  // namespace kvm
