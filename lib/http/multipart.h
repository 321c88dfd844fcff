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

// Makes the boundaries of a server's streams. A browser that finds a stream's boundary inside a
// picture takes the bytes after it for a part of their own, which may be a page with a script. So
// nobody may be able to put a boundary into a picture: each stream has a word of 128 random bits.
class Boundaries {
 public:
  Boundaries();

  // A new boundary: this server's prefix and 32 random hex digits.
  std::string fresh() const;
  // Whether the picture holds the beginning of a boundary of this server. A viewer knows this
  // beginning from its own stream. No picture holds it by chance: it has 64 random bits.
  bool may_be_in(Bytes picture) const noexcept;

 private:
  std::string prefix_;  // "kvm-" and 16 random hex digits
};

// "multipart/x-mixed-replace;boundary=…": the Content-Type of a stream.
std::string stream_type(const std::string& boundary);

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

// The header of a part that comes before its frame is known: uStreamer's advance_headers.
inline constexpr std::string_view kAdvanceHeader = "Content-Type: image/jpeg\r\n\r\n";

// A frame as a part of any stream: its header lines and its image, which is not copied.
class Part {
 public:
  explicit Part(FramePtr frame);

  const Frame& frame() const noexcept { return *frame_; }
  // The header lines, with the empty line that ends them.
  Bytes header() const noexcept { return as_bytes(header_); }

 private:
  FramePtr frame_;
  std::string header_;
};
using PartPtr = std::shared_ptr<const Part>;

}  // namespace kvm
