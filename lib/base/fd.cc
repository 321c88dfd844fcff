#include "base/fd.h"

#include "base/error.h"

namespace kvm {

Fd open_fd(const std::string& path, int flags, mode_t mode, const std::string& hint) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) throw Error::from_errno(path, errno, hint);
  return Fd(fd);
}

Pipe make_pipe(int flags) {
  int fds[2];
  if (::pipe2(fds, flags | O_CLOEXEC) < 0) throw Error::from_errno("pipe");
  return {Fd(fds[0]), Fd(fds[1])};
}

}  // namespace kvm
