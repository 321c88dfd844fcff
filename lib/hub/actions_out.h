// Action lines on their way to stdout: whole lines, never blocking the loop; and what happens when
// nobody reads.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/loop.h"

namespace kvm {

class ActionPipe {
 public:
  // `on_gone` is called once, when the reader of fd is gone.
  ActionPipe(Loop& loop, int fd, std::function<void()> on_gone);

  // Nobody reads: every line is lost.
  bool gone() const noexcept { return gone_; }
  // The reader is so far behind that nothing more should be queued (64 KiB; up to 1 MiB are held).
  bool full() const noexcept { return pending_.size() > (64u << 10); }
  bool empty() const noexcept { return pending_.empty(); }

  // One line, without its newline.
  void write(std::string_view line);

 private:
  void flush();
  void lose();

  Loop& loop_;
  int fd_;
  std::function<void()> on_gone_;
  std::string pending_;
  bool gone_ = false, always_ready_ = false, waiting_ = false;
};

}  // namespace kvm
