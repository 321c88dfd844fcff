#include "hub/keyboard_status_in.h"

#include <sys/stat.h>

#include "base/io.h"
#include "base/message.h"

namespace kvm {

namespace {
constexpr std::size_t kLongestLine = 64u << 10;
}  // namespace

KeyboardStatusIn::KeyboardStatusIn(Loop& loop, const std::string& path,
                                   std::function<void(const KeyboardStatus&)> on_change)
    : loop_(loop), path_(path), on_change_(std::move(on_change)) {
  if (path.empty()) return;
  struct stat status = {};
  const bool fifo = ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
  // A FIFO that we hold open for writing, too, does not end when kvm-type is started anew.
  fd_ = open_fd(path, (fifo ? O_RDWR : O_RDONLY) | O_NONBLOCK, 0, "mkfifo makes one");
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
    std::size_t end;
    while ((end = pending_.find('\n')) != pending_.npos) {
      line(std::string_view(pending_).substr(0, end));
      pending_.erase(0, end + 1);
    }
    if (pending_.size() > kLongestLine) pending_.clear();
  }
}

void KeyboardStatusIn::line(std::string_view text) {
  const auto read = read_keyboard_status(text);
  if (!read || read == status_) return;
  status_ = read;
  on_change_(*read);
}

}  // namespace kvm
