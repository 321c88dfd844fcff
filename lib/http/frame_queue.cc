#include "http/frame_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <utility>

namespace kvm {

namespace {

constexpr std::size_t kMostJoined = 64;  // frames that are sent by one system call
constexpr std::size_t kFrameCost = 128;  // bytes of memory of a queued frame besides its own

}  // namespace

int opcode_of(const std::string& frame) {
  return frame[0] & 15;
}

FrameQueue::Queued FrameQueue::own(std::string frame) {
  const std::size_t bytes = frame.size() + kFrameCost;
  return {std::make_shared<const std::string>(std::move(frame)), bytes};
}

void FrameQueue::insert(Queued queued, Frames::iterator place) {
  bytes_ += queued.frame->size();
  own_bytes_ += queued.own_bytes;
  frames_.insert(place, std::move(queued));
}

FrameQueue::Frames::iterator FrameQueue::remove(Frames::iterator place) {
  bytes_ -= place->frame->size();
  own_bytes_ -= place->own_bytes;
  return frames_.erase(place);
}

void FrameQueue::push_pong(std::string frame) {
  auto place = frames_.begin() + (sent_ > 0 ? 1 : 0);
  if (place != frames_.end() && opcode_of(*place->frame) == kPong) place = remove(place);
  insert(own(std::move(frame)), place);
}

std::ptrdiff_t FrameQueue::send_some(int fd) const {
  iovec parts[kMostJoined];
  std::size_t count = 0, sent = sent_;
  for (const Queued& queued : frames_) {
    if (count == kMostJoined) break;
    char* const data = const_cast<char*>(queued.frame->data());
    parts[count++] = {data + sent, queued.frame->size() - sent};
    sent = 0;
  }
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  ssize_t n;
  do {
    n = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n;
}

std::ptrdiff_t FrameQueue::send(int fd) {
  std::ptrdiff_t all = 0;
  while (!frames_.empty()) {
    const std::ptrdiff_t n = send_some(fd);
    if (n < 0) return errno == EAGAIN ? all : -1;
    all += n;
    sent_ += static_cast<std::size_t>(n);
    while (!frames_.empty() && sent_ >= frames_.front().frame->size()) {
      sent_ -= frames_.front().frame->size();
      remove(frames_.begin());
    }
  }
  return all;
}

}  // namespace kvm
