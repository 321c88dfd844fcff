#include "base/io.h"

#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/write_error.h"

namespace kvm {

void write_all(int fd, Bytes data, const std::string& name) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n >= 0) {
      data = data.subspan(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_for(fd, POLLOUT, std::nullopt);
    } else if (errno != EINTR) {
      throw_write_error(fd, name);
    }
  }
}

void write_all(int fd, std::string_view text, const std::string& name) {
  write_all(fd, as_bytes(text), name);
}

std::optional<std::size_t> read_some(int fd, std::span<std::uint8_t> into,
                                     const std::string& name) {
  for (;;) {
    const ssize_t n = ::read(fd, into.data(), into.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw Error::from_errno(name);
  }
}

std::string read_file(const std::string& path, std::size_t limit_bytes) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "stdin" : path;
  Fd file = is_stdin ? Fd(::dup(STDIN_FILENO)) : open_fd(path, O_RDONLY);
  if (!file) throw Error::from_errno(name);
  return read_all(file.get(), name, limit_bytes);
}

std::string read_all(int fd, const std::string& name, std::size_t limit_bytes) {
  std::string content;
  std::uint8_t buffer[65536];
  for (;;) {
    const auto n = read_some(fd, buffer, name);
    if (!n) {
      wait_for(fd, POLLIN, std::nullopt);
      continue;
    }
    if (*n == 0) return content;
    if (content.size() + *n > limit_bytes)
      throw Error(Exit::kData, name + ": larger than " + std::to_string(limit_bytes) + " bytes");
    content.append(reinterpret_cast<const char*>(buffer), *n);
  }
}

bool wait_for(int fd, short events, std::optional<std::chrono::milliseconds> timeout) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = timeout ? Clock::now() + *timeout : Clock::time_point::max();
  for (;;) {
    int wait_ms = -1;
    if (timeout) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      wait_ms = left > 0 ? static_cast<int>(left) : 0;
    }
    pollfd waiting{fd, events, 0};
    const int n = ::poll(&waiting, 1, wait_ms);
    if (n > 0) return true;
    if (n == 0) return false;
    if (errno != EINTR) throw Error::from_errno("poll");
  }
}

}  // namespace kvm
