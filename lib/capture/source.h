// Where pictures come from, as the capture engine sees it.
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

// One picture that has come, and may never be looked at.
struct Picture {
  std::int64_t time_us = 0;    // unix time of the first pixel
  std::uint64_t sequence = 0;  // counts up; gaps are pictures that the device dropped
  LentPicture lent;            // what a device has it in,
  PictureFormat format;        // and in which format
};

// Raw, or a JPEG image as the device made it; nothing where what came is cut short.
using View = std::variant<std::monostate, Image, Bytes>;

// Pictures that came and are not to be had.
struct Losses {
  std::uint64_t flawed = 0;  // flagged by the driver, or empty
  std::uint64_t late = 0;    // a newer one came before they were taken
};

class CaptureSource {
 public:
  virtual ~CaptureSource() = default;

  // For poll(2); -1: none now.
  virtual int fd() const = 0;
  virtual short events() const = 0;
  // Monotonic time at which tick() must be called even if nothing happens on fd().
  virtual std::int64_t deadline_us() const = 0;
  // Takes what has come and sees to the device's health; never blocks for long.
  virtual void tick(std::int64_t now_us) = 0;

  // Hands out the newest picture that tick() took, once. Give it back soon; one may be kept, they
  // are few.
  virtual std::optional<Picture> take() = 0;
  // Readable until `picture` is gone; an Image, besides, until the next view().
  virtual View view(const Picture& picture) = 0;

  virtual SourceState state() const = 0;
  // Why the state is not live, in a few words for people.
  virtual std::string reason() const = 0;
  // Of the pictures; what they were last while there are none. 0x0: never any.
  virtual int width() const = 0;
  virtual int height() const = 0;
  // Pictures a second that come; 0: not known.
  virtual double hz() const = 0;
  // Since the last call.
  virtual Losses take_losses() = 0;
};

}  // namespace kvm
