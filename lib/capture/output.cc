#include "capture/output.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "base/write_error.h"

namespace kvm {

namespace {

constexpr std::size_t kMostPipeBytes = 1 << 20;  // /proc/sys/fs/pipe-max-size, by default

void write_frame(int fd, const FrameParts& frame, const std::string& name) {
  for (const Bytes part : frame) write_all(fd, part, name);
}

}  // namespace

FrameOutput::FrameOutput(const std::string& destination)
    : name_(destination == "-" ? "stdout" : destination) {
  struct stat about = {};
  if (destination == "-") {
    open_stdout();
  } else if (::stat(destination.c_str(), &about) == 0 && S_ISFIFO(about.st_mode)) {
    kind_ = Kind::kPipe;
    open_fifo();
  } else {
    files_.emplace(destination);
  }
}

// Returns false if the FIFO has no reader yet. If open(2) waited for a reader, stop signals would
// not end the wait.
bool FrameOutput::open_fifo() {
  fd_.reset(::open(name_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd_ && errno != ENXIO) throw Error::from_errno(name_);
  if (fd_) pipe_bytes_ = static_cast<std::size_t>(std::max(0, ::fcntl(fd_.get(), F_GETPIPE_SZ)));
  return bool{fd_};
}

void FrameOutput::open_stdout() {
  struct stat about = {};
  if (::fstat(STDOUT_FILENO, &about) < 0) throw Error::from_errno(name_);
  if (S_ISFIFO(about.st_mode)) {
    kind_ = Kind::kPipe;
    // Open the pipe again: O_NONBLOCK on the inherited file description would affect every process
    // that shares it.
    fd_.reset(::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd_) {
      fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
      flags_to_restore_ = ::fcntl(STDOUT_FILENO, F_GETFL);
      ::fcntl(STDOUT_FILENO, F_SETFL, flags_to_restore_ | O_NONBLOCK);
    }
  } else {
    kind_ = S_ISSOCK(about.st_mode) ? Kind::kSocket : Kind::kPlain;
    fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  }
  if (!fd_) throw Error::from_errno(name_);
  if (kind_ == Kind::kPipe)
    pipe_bytes_ = static_cast<std::size_t>(std::max(0, ::fcntl(fd_.get(), F_GETPIPE_SZ)));
}

FrameOutput::~FrameOutput() {
  if (flags_to_restore_ >= 0) ::fcntl(STDOUT_FILENO, F_SETFL, flags_to_restore_);
}

void FrameOutput::lose_reader() const {
  throw_write_error(fd_.get(), name_, EPIPE);
}

bool FrameOutput::ready() {
  if (writing()) return false;
  if (kind_ == Kind::kPipe && !fd_ && !open_fifo()) return false;
  int unread = 0;
  if (kind_ == Kind::kPipe) ::ioctl(fd_.get(), FIONREAD, &unread);
  if (kind_ == Kind::kSocket) ::ioctl(fd_.get(), SIOCOUTQ, &unread);
  return unread == 0;
}

void FrameOutput::begin(const FrameParts& frame, std::int64_t time_us) {
  if (files_) return files_->write(frame, time_us);
  if (kind_ == Kind::kPlain) return write_frame(fd_.get(), frame, name_);
  if (kind_ == Kind::kPipe && size_of(frame) > pipe_bytes_) enlarge(size_of(frame));
  rest_ = frame;
  push();
}

void FrameOutput::push() {
  while (writing()) {
    iovec parts[std::tuple_size_v<FrameParts>];
    for (std::size_t i = 0; i < rest_.size(); ++i)
      parts[i] = {const_cast<std::uint8_t*>(rest_[i].data()), rest_[i].size()};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = std::size(parts);
    const ssize_t n = kind_ == Kind::kSocket ? ::sendmsg(fd_.get(), &message, MSG_DONTWAIT)
                                             : ::writev(fd_.get(), parts, std::size(parts));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n < 0) throw_write_error(fd_.get(), name_);
    auto written = static_cast<std::size_t>(n);
    for (Bytes& part : rest_) {
      const std::size_t taken = std::min(written, part.size());
      part = part.subspan(taken);
      written -= taken;
    }
  }
}

// Makes room for a whole frame in the pipe, so that the reader gets it at once and not page by
// page.
void FrameOutput::enlarge(std::size_t frame_bytes) {
  const auto wanted = static_cast<int>(std::min(frame_bytes + frame_bytes / 4, kMostPipeBytes));
  const int now = ::fcntl(fd_.get(), F_SETPIPE_SZ, wanted);
  // If the kernel refuses (pipe-user-pages-soft), the small pipe still works: do not ask again.
  pipe_bytes_ = now > 0 && wanted < static_cast<int>(kMostPipeBytes) ? static_cast<std::size_t>(now)
                                                                     : SIZE_MAX;
}

void FileOutput::write(const FrameParts& frame, std::int64_t time_us) {
  const time_t seconds = time_us / 1'000'000;
  tm local{};
  ::localtime_r(&seconds, &local);
  const std::int64_t local_s = seconds + local.tm_gmtoff;
  char name[4096];
  const std::size_t length = ::strftime(name, sizeof name, pattern_.c_str(), &local);
  if (length == 0) throw Error(Exit::kUsage, "output: '" + pattern_ + "' gives no file name");
  make_folders(name);
  const std::string_view ending(name, length);
  if (ending.ends_with(".jpg") || ending.ends_with(".jpeg"))
    write_picture(name, frame);
  else
    append(name, frame, local_s > latest_s_ ? Existing::kEmpty : Existing::kKeep);
  latest_s_ = std::max(latest_s_, local_s);
}

// The folder before the pattern's first % must exist already: it may be the mount point of a disc
// that is not mounted.
void FileOutput::make_folders(const std::string& name) const {
  const std::string fixed = pattern_.substr(0, pattern_.rfind('/', pattern_.find('%')) + 1);
  std::error_code error;  // ignored: opening the file fails for the same reason
  if (fixed.empty() || std::filesystem::is_directory(fixed, error))
    std::filesystem::create_directories(std::filesystem::path(name).parent_path(), error);
}

void FileOutput::write_picture(const std::string& name, const FrameParts& frame) {
  const std::string unfinished = name + ".part";
  try {
    const Fd file = open_fd(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    write_frame(file.get(), frame, unfinished);
    if (::rename(unfinished.c_str(), name.c_str()) < 0) throw Error::from_errno(name);
  } catch (...) {
    ::unlink(unfinished.c_str());
    throw;
  }
}

// Opening an existing file empties it if this frame's local time is later than that of every frame
// before. Otherwise (summer time ended, the clock was set back) the file keeps its frames.
void FileOutput::append(const std::string& name, const FrameParts& frame, Existing existing) {
  if (name != name_) {
    file_ = open_fd(name, O_WRONLY | O_CREAT | (existing == Existing::kEmpty ? O_TRUNC : 0), 0666);
    name_ = name;
  }
  const off_t size = ::lseek(file_.get(), 0, SEEK_END);
  try {
    write_frame(file_.get(), frame, name);
  } catch (...) {
    // Cut the partial frame off. A file that cannot be cut (/dev/full) keeps nothing anyway.
    if (size >= 0 && ::ftruncate(file_.get(), size) < 0) file_.reset();
    throw;
  }
}

}  // namespace kvm
