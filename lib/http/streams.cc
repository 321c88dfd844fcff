#include "http/streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/message.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr std::int64_t kTickUs = 100'000;
constexpr double kLongestUs = 86'400e6;  // the longest interval between two frames of a capped rate
constexpr std::size_t kMostListed = 50;  // viewers in clients()
constexpr int kUnsent = 16 << 10;        // bytes

// Whether the peer has closed its sending side. Reads and ignores everything that it sent.
bool ended(int fd) {
  char ignored[4096];
  for (int i = 0; i < 16; ++i) {
    const ssize_t n = ::recv(fd, ignored, sizeof ignored, MSG_DONTWAIT);
    if (n == 0) return true;
    if (n < 0) return errno != EAGAIN && errno != EINTR;
  }
  return true;  // a viewer has no reason to send this much
}

// Whether `text` is short, and valid in a cookie without quotes. Everybody who asks for the state
// gets the keys of all viewers.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_';
  });
}

// "00000000000000ff": a viewer's ID in clients_stat and in the cookie.
std::string id_text(std::uint64_t id) {
  return strf("%016llx", static_cast<unsigned long long>(id));
}

std::string answer_head(const std::string& type, const Fields& headers) {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Type: " + type +
                     "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                     "Connection: close\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  return head + "\r\n";
}

}  // namespace

void tune_socket(int fd, int send_buffer, std::int64_t stall_us) noexcept {
  const int on = 1, unsent = kUnsent, timeout_ms = static_cast<int>(stall_us / 1000);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

Streams::Streams(Loop& loop, NewestFrame& newest, Metrics& metrics, Audit& audit,
                 StreamLimits limits)
    : loop_(loop), newest_(newest), metrics_(metrics), audit_(audit), limits_(limits) {
  newest_.on_frame([this] {
    part_.reset();
    pump_all();
  });
}

Streams::Place Streams::insert(const User& user, Wish wish, Fields& headers) {
  viewers_.emplace_front();
  const Place viewer = viewers_.begin();
  viewer->user = user;
  viewer->visit.emplace(audit_, "stream", user);
  viewer->id = ++last_id_;
  viewer->boundary = boundaries_.fresh();
  // The line break before the boundary belongs to it (RFC 2046, 5.1.1).
  viewer->between = "\r\n--" + viewer->boundary + "\r\n";
  if (wish.advance_headers) viewer->between += kAdvanceHeader;
  viewer->wish = std::move(wish);
  // As in uStreamer, the cookie tells a page which entry of clients_stat is its own stream.
  if (std::string& key = viewer->wish.key; is_word(key))
    headers.emplace_back(
        "Set-Cookie", "stream_client=" + key + "/" + id_text(viewer->id) + "; Path=/; Max-Age=30");
  else
    std::string().swap(key);
  if (const double fps = viewer->wish.fps; fps > 0)
    viewer->interval_us = static_cast<std::int64_t>(std::min(1e6 / fps, kLongestUs));
  viewer->progress_us = loop_.now_us();
  ++metrics_.streams;
  if (!std::exchange(ticking_, true)) loop_.after(kTickUs, [this] { tick(); });
  return viewer;
}

void Streams::add(const ReplyPtr& reply, const User& user, Wish wish, Fields headers) {
  if (!reply->encrypted())
    return reply->hand_over([&](int fd, std::function<void()> done) {
      adopt({fd, std::move(done)}, user, std::move(wish), std::move(headers));
    });
  const Place viewer = insert(user, std::move(wish), headers);
  viewer->reply = reply;
  viewer->fd = reply->fd();
  tune_socket(viewer->fd, limits_.send_buffer, limits_.stall_us);
  viewer->left = Pieces(as_bytes(viewer->between).subspan(2));
  // When the client is gone, the function given to pour() is destroyed, and with it the guard,
  // which removes the viewer.
  const std::shared_ptr<void> guard(nullptr, [this, viewer](void*) { viewers_.erase(viewer); });
  reply->pour(
      stream_type(viewer->boundary), std::move(headers),
      [this, viewer, guard](char* into, std::size_t room) { return pull(viewer, into, room); });
}

void Streams::adopt(Socket socket, const User& user, Wish wish, Fields headers) {
  const Place viewer = insert(user, std::move(wish), headers);
  viewer->fd = socket.fd;
  viewer->done = std::move(socket.done);
  viewer->head = answer_head(stream_type(viewer->boundary), headers) + viewer->between.substr(2);
  viewer->left = Pieces(as_bytes(viewer->head));
  tune_socket(viewer->fd, limits_.send_buffer, limits_.stall_us);
  loop_.watch(viewer->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
              [this, viewer](std::uint32_t events) { ready(viewer, events); });
}

void Streams::pump_all() {
  const std::int64_t now_us = loop_.now_us();
  const FramePtr& newest = newest_.current();
  const bool changed = newest && std::exchange(content_, newest->content) != newest->content;
  for (Viewer& viewer : viewers_)
    if (changed && busy(viewer) && due(viewer, now_us)) ++viewer.late;
  pump_idle();
}

void Streams::pump_idle() {
  for (auto next = viewers_.begin(); next != viewers_.end();) {
    const Place viewer = next++;
    if (viewer->left.empty() && !pump(*viewer)) remove(viewer);
  }
}

// Handles stalled viewers, heartbeats and capped rates, which neither a frame nor a socket
// triggers.
void Streams::tick() {
  ticking_ = !viewers_.empty();
  if (!ticking_) return;
  const std::int64_t now_us = loop_.now_us();
  for (auto next = viewers_.begin(); next != viewers_.end();) {
    const Place viewer = next++;
    if (stalled(*viewer, now_us)) {
      ++metrics_.stalled_viewers;
      // While the library's own buffer is full, it neither asks for bytes nor looks at the socket.
      if (viewer->reply) ::shutdown(viewer->fd, SHUT_RDWR);
      remove(viewer);
    }
  }
  pump_idle();
  loop_.after(kTickUs, [this] { tick(); });
}

// Whether bytes wait to be sent.
bool Streams::busy(const Viewer& viewer) {
  return viewer.reply ? !viewer.gone && !viewer.reply->waits() : !viewer.left.empty();
}

// Whether the rate's cap allows the next frame, which may come a tenth of the interval early.
bool Streams::due(const Viewer& viewer, std::int64_t now_us) {
  return now_us >= viewer.due_us - viewer.interval_us / 10;
}

bool Streams::stalled(const Viewer& viewer, std::int64_t now_us) const {
  return busy(viewer) && now_us - viewer.progress_us > limits_.stall_us;
}

void Streams::ready(Place viewer, std::uint32_t events) {
  const bool gone = (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0 ||
                    ((events & EPOLLIN) != 0 && ended(viewer->fd));
  if (gone || ((events & EPOLLOUT) != 0 && !pump(*viewer))) remove(viewer);
}

// Sends until the socket takes no more. False: the viewer must be removed, because it is gone or
// its stream has ended.
bool Streams::pump(Viewer& viewer) {
  if (viewer.reply) {
    if (viewer.reply->waits()) viewer.progress_us = loop_.now_us();
    viewer.reply->wake();
    return true;
  }
  while (!viewer.left.empty() || begin(viewer)) {
    const ssize_t n = viewer.left.send(viewer.fd);
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
  const std::size_t n = viewer->left.copy(into, room);
  sent(*viewer, n);
  return static_cast<std::ptrdiff_t>(n);
}

void Streams::sent(Viewer& viewer, std::size_t bytes) {
  viewer.left.skip(bytes);
  viewer.progress_us = loop_.now_us();
  metrics_.stream_bytes += bytes;
  if (!viewer.left.empty() || !viewer.part) return;
  ++metrics_.stream_frames;
  viewer.rate.count(viewer.progress_us);
  metrics_.stream_age.add(viewer.part->frame().age_us(viewer.progress_us));
  viewer.part.reset();
}

// Starts to send the newest frame, if this viewer should have it now.
bool Streams::begin(Viewer& viewer) {
  const FramePtr& newest = newest_.current();
  const std::int64_t now_us = loop_.now_us();
  if (!newest || finishing_) return false;
  const Turn now = turn(viewer, *newest, now_us);
  if (now == Turn::kNone) {
    plan(viewer);
    return false;
  }
  if (!showable()) return false;
  if (now == Turn::kFrame) {
    count_skipped(viewer, now_us);
    viewer.due_us = std::max(viewer.due_us, now_us - viewer.interval_us) + viewer.interval_us;
  }
  viewer.alone = viewer.last_id == 0 || newest->content != viewer.last_content;
  if (viewer.alone) viewer.gap_us = now_us - std::exchange(viewer.changed_us, now_us);
  viewer.last_id = newest->id;
  viewer.last_content = newest->content;
  viewer.last_us = now_us;
  ++viewer.begun;
  viewer.part = part_;
  viewer.left = Pieces(viewer.wish.advance_headers ? Bytes{} : part_->header(), newest->jpeg(),
                       as_bytes(viewer.between));
  return true;
}

// The rate's cap does not hold for the repeat of a picture that is alone: without the repeat,
// some browsers do not show this picture.
Streams::Turn Streams::turn(const Viewer& viewer, const Frame& frame, std::int64_t now_us) const {
  if (viewer.last_id == 0) return Turn::kFrame;
  if (frame.content != viewer.last_content) return due(viewer, now_us) ? Turn::kFrame : Turn::kNone;
  if (now_us - viewer.last_us < pause_us(viewer)) return Turn::kNone;
  if (repeats(viewer)) return Turn::kRepeat;
  return due(viewer, now_us) ? Turn::kFrame : Turn::kNone;
}

bool Streams::repeats(const Viewer& viewer) {
  return viewer.alone && viewer.wish.dual_final_frames.value_or(!viewer.wish.advance_headers);
}

// The time after which the viewer gets the same picture again.
std::int64_t Streams::pause_us(const Viewer& viewer) const {
  if (viewer.begun < limits_.first_parts) return limits_.first_us;
  if (!repeats(viewer)) return limits_.heartbeat_us;
  if (viewer.gap_us > limits_.motion_us) return limits_.repeat_us;
  return std::max(limits_.repeat_us, viewer.gap_us * 3 / 2);
}

// Sees to it that the next part does not have to wait for a tick.
void Streams::plan(const Viewer& viewer) {
  const std::int64_t now_us = loop_.now_us();
  std::int64_t at_us = viewer.last_us + pause_us(viewer);
  if (!repeats(viewer)) at_us = std::max(at_us, viewer.due_us - viewer.interval_us / 10);
  if (at_us <= now_us || at_us >= std::min(planned_us_, now_us + kTickUs)) return;
  planned_us_ = at_us;
  loop_.after(at_us - now_us, [this, at_us] {
    if (planned_us_ == at_us) planned_us_ = INT64_MAX;
    pump_idle();
  });
}

// Makes part_ the part of the newest frame. False: the frame may hold a stream's boundary.
bool Streams::showable() {
  if (part_) return true;
  const FramePtr& newest = newest_.current();
  if (!boundaries_.may_be_in(newest->jpeg())) {
    part_ = std::make_shared<const Part>(newest);
    return true;
  }
  if (!std::exchange(hostile_, true))
    say("stdin: a picture imitates a boundary of /stream; such pictures are not shown there "
        "(reported once)");
  return false;
}

// The last of the late pictures is about to be sent, so it was not skipped. If the rate is capped,
// at most one picture per interval counts as skipped.
void Streams::count_skipped(Viewer& viewer, std::int64_t now_us) {
  std::int64_t skipped = std::max<std::int64_t>(std::exchange(viewer.late, 0) - 1, 0);
  if (viewer.interval_us > 0)
    skipped = std::min(skipped, (now_us - viewer.due_us) / viewer.interval_us);
  metrics_.stream_skipped += static_cast<std::uint64_t>(skipped);
}

void Streams::remove(Place viewer) {
  if (viewer->reply) {
    viewer->gone = true;  // pull() tells the library, which then destroys the viewer
    return viewer->reply->wake();
  }
  loop_.forget(viewer->fd);
  const auto done = std::move(viewer->done);
  viewers_.erase(viewer);
  done();
}

Json Streams::clients() {
  const std::int64_t now_us = loop_.now_us();
  std::vector<std::string> ids;  // the members' names point into these
  std::vector<Json> clients;
  for (Viewer& viewer : viewers_) {
    if (ids.size() == kMostListed) break;
    const Wish& wish = viewer.wish;
    ids.push_back(id_text(viewer.id));
    clients.push_back(Json::object({{"fps", viewer.rate.per_second(now_us)},
                                    {"extra_headers", false},
                                    {"advance_headers", wish.advance_headers},
                                    {"dual_final_frames", wish.dual_final_frames.value_or(false)},
                                    {"zero_data", false},
                                    {"key", wish.key.empty() ? "0" : wish.key}}));
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
  pump_all();
}

}  // namespace kvm
