#include "hub/keyboard_status_in.h"

#include <sys/stat.h>

#include "base/io.h"
#include "base/message.h"

namespace kvm {

namespace {
constexpr std::size_t kLongestLine = 64u << 10;  // bytes
}  // namespace

KeyboardStatusIn::KeyboardStatusIn(Loop& loop, const std::string& path,
                                   std::function<void(const KeyboardStatus&)> on_change)
    : loop_(loop), path_(path), on_change_(std::move(on_change)) {
  if (path.empty()) return;
  struct stat status = {};
  const bool fifo = ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
  // Because this process holds the FIFO open for writing, too, it never reads an end of file, even
  // if kvm-type is restarted.
  fd_ = open_fd(path, (fifo ? O_RDWR : O_RDONLY) | O_NONBLOCK, 0, "create it with mkfifo");
  if (!loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t) { ready(); }))
    loop_.after(0, [this] { ready(); });
}

void KeyboardStatusIn::ready() {
  std::uint8_t buffer[4096];
  while (fd_) {
    std::optional<std::size_t> n;
    try {
      n = read_some(fd_.get(), buffer, path_);
    } catch (const std::exception& error) {
      say(error.what());
      n = 0;
    }
    if (!n) return;
    if (*n == 0) {
      loop_.forget(fd_.get());
      fd_.reset();
      return;
    }
    pending_.append(as_text(Bytes(buffer).first(*n)));
    take_lines();
  }
}

void KeyboardStatusIn::take_lines() {
  std::size_t end;
  while ((end = pending_.find('\n')) != pending_.npos) {
    take(std::string_view(pending_).substr(0, end));
    pending_.erase(0, end + 1);
  }
  if (pending_.size() > kLongestLine) pending_.clear();
}

void KeyboardStatusIn::take(std::string_view line) {
  const auto read = read_keyboard_status(line);
  if (!read || read == status_) return;
  status_ = read;
  on_change_(*read);
}

}  // namespace kvm
