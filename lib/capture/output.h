// Where frames go: each whole or not at all, and never a queue of old ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "jpeg/frame_facts.h"

namespace kvm {

// Frames to files named by a strftime(3) pattern. A name in .jpg or .jpeg holds one picture, which
// appears whole and replaces the one before; to any other, frames are appended. Folders whose names
// come of the pattern are made.
class FileOutput {
 public:
  explicit FileOutput(std::string pattern) : pattern_(std::move(pattern)) {}
  // Throws Error; then the files hold whole frames only.
  void write(const FrameParts& frame, std::int64_t time_us);

 private:
  void make_folders(const std::string& name) const;
  void write_picture(const std::string& name, const FrameParts& frame);
  void append(const std::string& name, const FrameParts& frame, bool anew);

  std::string pattern_, name_;  // name_: of the open file
  Fd file_;
  std::int64_t latest_s_ = INT64_MIN;  // of the local times so far
};

// A pipe or socket is written without blocking, as its reader takes it; anything else at once.
class FrameOutput {
 public:
  // "-": stdout; a FIFO, which may get its reader later; else a FileOutput's pattern.
  explicit FrameOutput(const std::string& destination);
  ~FrameOutput();
  FrameOutput(const FrameOutput&) = delete;
  FrameOutput& operator=(const FrameOutput&) = delete;

  // A frame may begin: the one before is written, and its reader has taken it out of the pipe.
  bool ready();
  // Begins a frame and writes what goes. The frame must stay readable while writing(). `time_us`
  // names its file. Throws Error.
  void begin(const FrameParts& frame, std::int64_t time_us);
  bool writing() const noexcept { return size_of(rest_) > 0; }
  // Writes on after POLLOUT.
  void push();
  // For poll(2): POLLOUT matters while writing(); POLLERR says that the reader is gone. -1:
  // neither.
  int fd() const noexcept { return kind_ == Kind::kPlain ? -1 : fd_.get(); }

 private:
  enum class Kind { kPipe, kSocket, kPlain };
  void open_stdout();
  bool open_fifo();
  void enlarge(std::size_t frame_bytes);

  const std::string name_;
  std::optional<FileOutput> files_;
  Fd fd_;  // none: a FIFO that nobody reads yet
  Kind kind_ = Kind::kPlain;
  int flags_to_restore_ = -1;  // of a pipe that could not be opened a second time
  std::size_t pipe_bytes_ = 0;
  FrameParts rest_;  // what is not written yet
};

}  // namespace kvm
