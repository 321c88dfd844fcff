#include "capture/v4l2_port.h"

#include <linux/videodev2.h>
#include <sys/ioctl.h>

#include <cstring>

#include "base/error.h"

namespace kvm {

namespace {

const char* hint_for(int err, const V4l2Hints& hints) {
  switch (err) {
    case ENOENT:
      return hints.missing;
    case EACCES:
      return "become a member of the group video";
    case EBUSY:
      return "another program captures from it: fuser -v DEVICE shows which";
    default:
      return "";
  }
}

Fd open_node(const std::string& path, const V4l2Hints& hints) {
  try {
    return open_fd(path, O_RDWR | O_NONBLOCK);
  } catch (const Error& error) {
    throw Error::from_errno(path, error.code(), hint_for(error.code(), hints));
  }
}

}  // namespace

V4l2Port::V4l2Port(const std::string& path, const V4l2Hints& hints)
    : hints_(hints), path_(path), fd_(open_node(path, hints)) {}

bool V4l2Port::ask(unsigned long request, void* argument) const noexcept {
  int result;
  do {
    result = ::ioctl(fd_.get(), request, argument);
  } while (result < 0 && errno == EINTR);
  return result >= 0;
}

void V4l2Port::must(unsigned long request, void* argument, const char* name) const {
  if (ask(request, argument)) return;
  const int err = errno;
  const std::string operation = path_ + ": " + name;
  // On an open device some errors have a special meaning.
  switch (err) {
    case ENOSPC:
      throw Error(Exit::kBusy, operation + ": the USB bus has no room for this format at this rate",
                  hints_.no_bandwidth);
    case EPIPE:
    case ENOLINK:
      throw Error(Exit::kOs, operation + ": " + std::strerror(err),
                  request == VIDIOC_STREAMON ? "the media pipeline before it is not set up" : "");
    case EACCES:
      throw Error::from_errno(operation, err, "the device does not allow this setting now");
    default:
      throw Error::from_errno(operation, err, hint_for(err, hints_));
  }
}

}  // namespace kvm
