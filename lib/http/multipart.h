// Frames as HTTP shows them: the header lines that describe a frame, and a frame as one part of a
// multipart/x-mixed-replace stream.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "http/request.h"
#include "hub/newest_frame.h"

namespace kvm {

// Separates the parts of a stream; mjpg-streamer and uStreamer use the same word.
constexpr std::string_view kBoundary = "boundarydonotcross";

// The Content-Type of a stream.
inline const std::string kStreamType =
    "multipart/x-mixed-replace;boundary=" + std::string(kBoundary);

// The line that begins a stream's first part: "--", the boundary, CRLF.
Bytes first_boundary() noexcept;

// Names and values of the header lines that describe a frame: our own, and uStreamer's, which its
// clients expect.
Fields headers_of(const Frame& frame);

// Up to three byte ranges, borrowed, to be sent one after the other (gather I/O).
class Pieces {
 public:
  Pieces() = default;
  explicit Pieces(Bytes first, Bytes second = {}, Bytes third = {})
      : pieces_{first, second, third} {}

  bool empty() const noexcept;
  // Drops the first `bytes` bytes.
  void skip(std::size_t bytes) noexcept;
  // Copies as many bytes as there is room for, and returns their number.
  std::size_t copy(char* into, std::size_t room) const noexcept;
  // Sends all pieces with one sendmsg(2), which never blocks and never raises SIGPIPE.
  ssize_t send(int fd) const noexcept;

 private:
  std::array<Bytes, 3> pieces_;
};

// A frame as a part of a stream: header lines, image, next boundary. The image is not copied.
class Part {
 public:
  explicit Part(FramePtr frame);

  const Frame& frame() const noexcept { return *frame_; }
  // Includes the boundary after the image: a browser shows a part only once that boundary arrives.
  Pieces pieces() const noexcept;

 private:
  FramePtr frame_;
  std::string header_;
};
using PartPtr = std::shared_ptr<const Part>;

}  // namespace kvm
