// The source of pictures, as the capture engine sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/io.h"
#include "capture/v4l2_stream.h"
#include "jpeg/frame_facts.h"
#include "picture/image.h"

namespace kvm {

// A picture that has arrived. The engine may skip it without looking at its content.
struct Picture {
  std::int64_t time_us = 0;    // unix time of the first pixel
  std::uint64_t sequence = 0;  // counts up; gaps are pictures that the device dropped
  LentPicture lent;            // the device's memory that holds the picture
  PictureFormat format;        // of that memory
};

// A raw image, or a JPEG image as the device made it; std::monostate if the picture is cut short.
using View = std::variant<std::monostate, Image, Bytes>;

// Pictures that arrived but were never handed out.
struct Losses {
  std::uint64_t flawed = 0;   // flagged by the driver, or empty
  std::uint64_t late = 0;     // replaced by a newer picture before take()
  std::uint64_t skipped = 0;  // left out on purpose
};

class CaptureSource {
 public:
  virtual ~CaptureSource() = default;

  // The descriptor to poll; -1: none at present.
  virtual int fd() const = 0;
  virtual short events() const = 0;
  // Monotonic time at which tick() must be called even without an event on fd().
  virtual std::int64_t deadline_us() const = 0;
  // Takes the pictures that have arrived and checks the device; never blocks for long. Throws Error
  // if the device cannot be used as asked.
  virtual void tick(std::int64_t now_us) = 0;

  // Hands out the newest picture that tick() took, once. The caller may keep one picture, and
  // should destroy all others soon, because the device has few buffers.
  virtual std::optional<Picture> take() = 0;
  // The content of `picture`. It is readable until `picture` is destroyed; an Image only until the
  // next view(), if that comes first.
  virtual View view(const Picture& picture) = 0;

  virtual SourceState state() const = 0;
  // Why the state is not live, in a few words for people.
  virtual std::string reason() const = 0;
  // The size of the pictures; while no pictures arrive, the size of the last ones. 0x0: there was
  // no picture yet.
  virtual int width() const = 0;
  virtual int height() const = 0;
  // Pictures that arrive per second; 0: unknown.
  virtual double hz() const = 0;
  // Losses since the last call.
  virtual Losses take_losses() = 0;
};

}  // namespace kvm
