// RAII owners of file descriptors and of C handles.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

namespace kvm {

// Owns one file descriptor. A parameter `int fd` borrows a descriptor; a parameter `Fd` takes it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC, retried on EINTR. Throws Error "PATH: reason (hint)".
Fd open_fd(const std::string& path, int flags, mode_t mode = 0, const std::string& hint = "");

struct Pipe {
  Fd read, write;
};
// pipe2(2) with O_CLOEXEC and `flags` (O_NONBLOCK). Throws Error.
Pipe make_pipe(int flags = 0);

// A C handle that `Free` releases: Handle<xkb_keymap, xkb_keymap_unref>.
template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

}  // namespace kvm
