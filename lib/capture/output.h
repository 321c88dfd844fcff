// Writes frames to a pipe, a socket or files. Writes each frame whole or not at all, and keeps no
// queue of old frames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "jpeg/frame_facts.h"

namespace kvm {

// Writes frames to files named by a strftime(3) pattern. A file whose name ends in .jpg or .jpeg
// holds one picture; the next picture replaces it in one step. Frames are appended to any other
// file. Creates the folders that the pattern produces.
class FileOutput {
 public:
  explicit FileOutput(std::string pattern) : pattern_(std::move(pattern)) {}
  // The file name follows from `time_us` (unix time). Throws Error; even then the files hold whole
  // frames only.
  void write(const FrameParts& frame, std::int64_t time_us);

 private:
  enum class Existing { kKeep, kEmpty };
  void make_folders(const std::string& name) const;
  void write_picture(const std::string& name, const FrameParts& frame);
  void append(const std::string& name, const FrameParts& frame, Existing existing);

  std::string pattern_, name_;  // name_ is the name of the open file
  Fd file_;
  std::int64_t latest_s_ = INT64_MIN;  // the latest local time so far
};

// Writes to a pipe or socket without blocking, as fast as the reader takes the bytes. Anything
// else gets the whole frame before begin() returns.
class FrameOutput {
 public:
  // `destination`: "-" for stdout; a FIFO, which may get its reader later; else a pattern for
  // FileOutput. Throws Error.
  explicit FrameOutput(const std::string& destination);
  ~FrameOutput();
  FrameOutput(const FrameOutput&) = delete;
  FrameOutput& operator=(const FrameOutput&) = delete;

  // Whether a frame may begin: the last frame is written and its reader has emptied the pipe.
  bool ready();
  // Begins a frame and writes as much as is possible without waiting. The frame must stay readable
  // while writing(). `time_us` determines the name of its file. Throws Error.
  void begin(const FrameParts& frame, std::int64_t time_us);
  bool writing() const noexcept { return size_of(rest_) > 0; }
  // Continues after POLLOUT. Throws Error.
  void push();
  // The descriptor to poll: for POLLOUT while writing(); on POLLERR or POLLHUP call lose_reader().
  // -1: there is nothing to poll for.
  int fd() const noexcept { return kind_ == Kind::kPlain ? -1 : fd_.get(); }
  // Throws ReaderLeft for standard output, and Error for a FIFO, because its reader has left.
  [[noreturn]] void lose_reader() const;

 private:
  enum class Kind { kPipe, kSocket, kPlain };
  void open_stdout();
  bool open_fifo();
  void enlarge(std::size_t frame_bytes);

  const std::string name_;
  std::optional<FileOutput> files_;
  Fd fd_;  // empty: a FIFO without a reader
  Kind kind_ = Kind::kPlain;
  int flags_to_restore_ = -1;  // flags of a pipe that we share with other processes
  std::size_t pipe_bytes_ = 0;
  FrameParts rest_;  // not written yet
};

}  // namespace kvm
