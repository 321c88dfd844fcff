#include "base/write_error.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace kvm {

void throw_write_error(int fd, const std::string& name, int err) {
  struct stat about = {}, out = {};
  const bool known = err == EPIPE && ::fstat(fd, &about) == 0;
  const bool has_reader = known && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
  // EPIPE from a device has nothing to do with a reader.
  if (!has_reader) throw Error::from_errno(name, err);
  // The inode tells, because a program may hold duplicates of descriptor 1 under other numbers.
  if (::fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == about.st_dev && out.st_ino == about.st_ino)
    throw ReaderLeft{};
  throw Error::from_errno(name, err, "its reader has left");
}

}  // namespace kvm
