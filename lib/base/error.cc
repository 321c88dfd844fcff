#include "base/error.h"

#include <cstring>

namespace kvm {

Exit exit_for_errno(int err) noexcept {
  switch (err) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
    case EISDIR:
      return Exit::kNoInput;
    case EACCES:
    case EPERM:
    case EROFS:
      return Exit::kPermission;
    case EBUSY:
    case EAGAIN:
    case ETIMEDOUT:
    case ESHUTDOWN:
      return Exit::kBusy;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      return Exit::kUnavailable;
    case EIO:
    case ENOSPC:
    case EPIPE:
    case EBADF:
      return Exit::kIo;
    default:
      return Exit::kOs;
  }
}

Error Error::from_errno(const std::string& message, int err, const std::string& hint) {
  Error error(exit_for_errno(err), message + ": " + std::strerror(err), hint);
  error.code_ = err;
  return error;
}

Error Error::with_hint(const std::string& hint) const {
  Error error(exit_, message(), hint);
  error.code_ = code_;
  return error;
}

}  // namespace kvm
