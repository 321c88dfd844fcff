#include "type/status_file.h"

#include <poll.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/io.h"
#include "base/write_error.h"

namespace kvm {

StatusFile::StatusFile(const std::string& path) : path_(path == "-" ? "stdout" : path) {
  if (path == "-") {
    file_ = Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!file_) throw Error::from_errno(path_);
    return;
  }
  // A FIFO is opened for reading too: then it always has a reader, and neither open(2) nor a write
  // blocks or fails.
  struct stat there = {};
  const bool fifo = ::stat(path.c_str(), &there) == 0 && S_ISFIFO(there.st_mode);
  file_ =
      open_fd(path, O_NONBLOCK | (fifo ? O_RDWR : O_WRONLY | O_CREAT | O_TRUNC | O_APPEND), 0644);
}

void StatusFile::write(const KeyboardStatus& status) {
  if (status == last_) return;
  const std::string line = to_json_line(status, unix_us());
  // A line is shorter than PIPE_BUF, so a pipe takes all of it or nothing. The standard output may
  // be a blocking pipe: only poll(2) shows whether it has room.
  if (!wait_for(file_.get(), POLLOUT, std::chrono::milliseconds(0))) return;
  const ssize_t n = ::write(file_.get(), line.data(), line.size());
  if (n == static_cast<ssize_t>(line.size()))
    last_ = status;
  else if (n < 0 && errno != EAGAIN && errno != EINTR)
    throw_write_error(file_.get(), path_);
}

}  // namespace kvm
