// The frames that a WebSocket has yet to send (RFC 6455, section 5).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

namespace kvm {

class FrameQueue {
 public:
  // Each frame is whole, with its header. A shared one belongs to other queues as well.
  void push_shared(std::shared_ptr<const std::string> frame) { insert({std::move(frame), 0}); }
  void push(std::string frame) { insert(own(std::move(frame))); }
  // Puts a pong before all frames of which nothing is sent, in place of an older pong: only the
  // newest ping needs an answer (section 5.5.3).
  void push_pong(std::string frame);

  // Sends frames, many by one system call, until all are sent or the kernel takes no more. Returns
  // the number of bytes; -1: the connection has failed.
  std::ptrdiff_t send(int fd);

  bool empty() const noexcept { return frames_.empty(); }
  std::size_t size() const noexcept { return frames_.size(); }
  std::size_t bytes() const noexcept { return bytes_ - sent_; }  // that are not sent
  // Bytes of memory that frames of this queue alone take.
  std::size_t own_bytes() const noexcept { return own_bytes_; }

 private:
  struct Queued {
    std::shared_ptr<const std::string> frame;
    std::size_t own_bytes;
  };
  using Frames = std::deque<Queued>;
  static Queued own(std::string frame);
  void insert(Queued queued) { insert(std::move(queued), frames_.end()); }
  void insert(Queued queued, Frames::iterator place);
  Frames::iterator remove(Frames::iterator place);
  std::ptrdiff_t send_some(int fd) const;

  Frames frames_;
  std::size_t sent_ = 0;                   // bytes of the first frame
  std::size_t bytes_ = 0, own_bytes_ = 0;  // of all frames, whole
};

// The opcode of a frame (section 5.2).
int opcode_of(const std::string& frame);
inline constexpr int kPong = 10;

}  // namespace kvm
