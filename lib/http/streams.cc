#include "http/streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr std::int64_t kTickUs = 100'000;
constexpr double kLongestUs = 86'400e6;  // between two frames, however few are asked for

constexpr int kUnsent = 16 << 10;  // bytes

// True when the peer has ended; what it sends is of no interest.
bool ended(int fd) {
  char ignored[4096];
  for (int i = 0; i < 16; ++i) {
    const ssize_t n = ::recv(fd, ignored, sizeof ignored, MSG_DONTWAIT);
    if (n == 0) return true;
    if (n < 0) return errno != EAGAIN && errno != EINTR;
  }
  return true;  // it talks and talks
}

// Fit to be part of a cookie as it is.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_';
  });
}

}  // namespace

void tune_socket(int fd, int send_buffer, std::int64_t stall_us) noexcept {
  const int one = 1, unsent = kUnsent, timeout_ms = static_cast<int>(stall_us / 1000);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

Streams::Streams(Loop& loop, Hub& hub, Metrics& metrics, StreamLimits limits)
    : loop_(loop), hub_(hub), metrics_(metrics), limits_(limits) {
  hub_.on_frame([this] { publish(); });
}

void Streams::add(const ReplyPtr& reply, const User& user, Wish wish,
                  std::vector<std::pair<std::string, std::string>> headers) {
  viewers_.emplace_front();
  const Place viewer = viewers_.begin();
  viewer->user = user;
  viewer->id = ++last_id_;
  viewer->key = std::move(wish.key);
  // uStreamer's way to tell a page which of clients_stat it is.
  if (is_word(viewer->key))
    headers.emplace_back("Set-Cookie",
                         strf("stream_client=%s/%016llx; Path=/; Max-Age=30", viewer->key.c_str(),
                              static_cast<unsigned long long>(viewer->id)));
  if (wish.fps > 0)
    viewer->interval_us = static_cast<std::int64_t>(std::min(1e6 / wish.fps, kLongestUs));
  viewer->progress_us = monotonic_us();
  const std::string boundary = "--" + std::string(kBoundary) + "\r\n";
  ++metrics_.streams;
  if (!std::exchange(ticking_, true)) loop_.after(kTickUs, [this] { tick(); });
  if (reply->encrypted()) {
    viewer->reply = reply;
    viewer->fd = reply->fd();
    tune_socket(viewer->fd, limits_.send_buffer, limits_.stall_us);
    viewer->head = boundary;
    viewer->left = as_bytes(viewer->head);
    // The library lets go of the function when the client is gone, and with it of the guard.
    const std::shared_ptr<void> guard(nullptr, [this, viewer](void*) { viewers_.erase(viewer); });
    return reply->pour(kStreamType, headers, [this, viewer, guard](char* into, std::size_t room) {
      return pull(viewer, into, room);
    });
  }
  viewer->head = "HTTP/1.1 200 OK\r\nContent-Type: " + kStreamType +
                 "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                 "Connection: close\r\n";
  for (const auto& [name, value] : headers) viewer->head += name + ": " + value + "\r\n";
  viewer->head += "\r\n" + boundary;
  viewer->left = as_bytes(viewer->head);
  reply->hand_over([&](int fd, std::function<void()> done) {
    tune_socket(fd, limits_.send_buffer, limits_.stall_us);
    viewer->fd = fd;
    viewer->done = std::move(done);
    loop_.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                [this, viewer](std::uint32_t events) { ready(viewer, events); });
  });
}

void Streams::publish() {
  const std::int64_t now = monotonic_us();
  const FramePtr& newest = hub_.current();
  const bool changed = newest && std::exchange(content_, newest->content) != newest->content;
  for (auto next = viewers_.begin(); next != viewers_.end();) {
    const Place viewer = next++;
    if (changed && busy(*viewer) && due(*viewer, now)) ++viewer->late;
    if (viewer->left.empty() && !pump(*viewer)) remove(viewer);
  }
}

// Stalls, heartbeats and capped rates: what no frame and no socket wakes us for.
void Streams::tick() {
  ticking_ = !viewers_.empty();
  if (!ticking_) return;
  const std::int64_t now = monotonic_us();
  for (auto next = viewers_.begin(); next != viewers_.end();) {
    const Place viewer = next++;
    if (stalled(*viewer, now)) {
      ++metrics_.stalled_viewers;
      // The library asks for nothing and looks at nothing while its own buffer is full.
      if (viewer->reply) ::shutdown(viewer->fd, SHUT_RDWR);
      remove(viewer);
    } else if (viewer->left.empty() && !pump(*viewer)) {
      remove(viewer);
    }
  }
  loop_.after(kTickUs, [this] { tick(); });
}

// There is something to send.
bool Streams::busy(const Viewer& viewer) {
  return viewer.reply ? !viewer.gone && !viewer.reply->waits() : !viewer.left.empty();
}

// Its rate allows the next frame; a little early is in time.
bool Streams::due(const Viewer& viewer, std::int64_t now_us) {
  return now_us >= viewer.due_us - viewer.interval_us / 10;
}

// What there is to send does not go.
bool Streams::stalled(const Viewer& viewer, std::int64_t now_us) const {
  return busy(viewer) && now_us - viewer.progress_us > limits_.stall_us;
}

void Streams::ready(Place viewer, std::uint32_t events) {
  const bool gone = (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0 ||
                    ((events & EPOLLIN) != 0 && ended(viewer->fd));
  if (gone || ((events & EPOLLOUT) != 0 && !pump(*viewer))) remove(viewer);
}

// Sends what the socket takes. false: the viewer is gone, or served.
bool Streams::pump(Viewer& viewer) {
  if (viewer.reply) {
    if (viewer.reply->waits()) viewer.progress_us = monotonic_us();
    viewer.reply->wake();
    return true;
  }
  while (!viewer.left.empty() || begin(viewer)) {
    const ssize_t n =
        ::send(viewer.fd, viewer.left.data(), viewer.left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    sent(viewer, static_cast<std::size_t>(n));
  }
  return !finishing_;
}

std::ptrdiff_t Streams::pull(Place viewer, char* into, std::size_t room) {
  if (viewer->gone) return -1;
  if (viewer->left.empty() && !begin(*viewer)) return finishing_ ? -1 : 0;
  const std::size_t n = std::min(room, viewer->left.size());
  std::memcpy(into, viewer->left.data(), n);
  sent(*viewer, n);
  return static_cast<std::ptrdiff_t>(n);
}

void Streams::sent(Viewer& viewer, std::size_t bytes) {
  viewer.left = viewer.left.subspan(bytes);
  viewer.progress_us = monotonic_us();
  metrics_.stream_bytes += bytes;
  if (!viewer.left.empty() || !viewer.frame) return;
  ++metrics_.stream_frames;
  viewer.rate.count(viewer.progress_us);
  metrics_.stream_age.add(viewer.frame->age_us());
  viewer.frame.reset();
}

// Takes the newest frame on, if this viewer should have it now.
bool Streams::begin(Viewer& viewer) {
  const FramePtr& newest = hub_.current();
  if (!newest || finishing_) return false;
  const std::int64_t now = monotonic_us();
  const bool changed = newest->content != viewer.last_content;
  if (viewer.last_id != 0) {
    if (changed ? newest->id == viewer.last_id : now - viewer.last_us < limits_.heartbeat_us)
      return false;
    if (!due(viewer, now)) return false;
  }
  // Of those that it was too slow for, the last is this one, and a cap would have let few through.
  std::int64_t skipped = std::max<std::int64_t>(std::exchange(viewer.late, 0) - 1, 0);
  if (viewer.interval_us > 0)
    skipped = std::min(skipped, (now - viewer.due_us) / viewer.interval_us);
  metrics_.stream_skipped += static_cast<std::uint64_t>(skipped);
  viewer.last_id = newest->id;
  viewer.last_content = newest->content;
  viewer.last_us = now;
  viewer.due_us = std::max(viewer.due_us, now - viewer.interval_us) + viewer.interval_us;
  viewer.frame = newest;
  viewer.left = newest->part;
  return true;
}

void Streams::remove(Place viewer) {
  if (viewer->reply) {
    viewer->gone = true;  // pull() says so to the library, which then lets go of it
    return viewer->reply->wake();
  }
  loop_.forget(viewer->fd);
  const auto done = std::move(viewer->done);
  viewers_.erase(viewer);
  done();
}

Json Streams::clients() {
  const std::int64_t now = monotonic_us();
  std::vector<std::string> ids;  // which the members' names point into
  std::vector<Json> clients;
  for (Viewer& viewer : viewers_) {
    ids.push_back(strf("%016llx", static_cast<unsigned long long>(viewer.id)));
    clients.push_back(Json::object({{"fps", viewer.rate.per_second(now)},
                                    {"extra_headers", false},
                                    {"advance_headers", false},
                                    {"dual_final_frames", false},
                                    {"zero_data", false},
                                    {"key", viewer.key.empty() ? "0" : viewer.key}}));
  }
  std::vector<Json::Member> members;
  for (std::size_t i = 0; i < ids.size(); ++i) members.emplace_back(ids[i], clients[i]);
  return Json::object(members);
}

void Streams::drop_if(const std::function<bool(const User&)>& gone) {
  for (auto next = viewers_.begin(); next != viewers_.end();) {
    const Place viewer = next++;
    if (gone(viewer->user)) remove(viewer);
  }
}

void Streams::finish() {
  finishing_ = true;
  publish();
}

}  // namespace kvm
