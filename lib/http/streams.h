// The viewers of /stream: sockets taken over from the HTTP library and fed with plain send() of one
// shared buffer. The newest frame wins for each; none waits for another.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/loop.h"
#include "http/reply.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "net/passwords.h"

namespace kvm {

// The answer's Content-Type.
inline const std::string kStreamType =
    "multipart/x-mixed-replace;boundary=" + std::string(kBoundary);

struct StreamLimits {
  std::int64_t stall_us = 10'000'000;     // without progress for so long: dropped
  std::int64_t heartbeat_us = 1'000'000;  // a frame that did not change is sent again after it
  int send_buffer = 256 << 10;            // SO_SNDBUF, bytes: bounds what grows stale in the kernel
};

class Streams {
 public:
  Streams(Loop& loop, Hub& hub, Metrics& metrics, StreamLimits limits);

  struct Wish {
    double fps = 0;   // above 0: caps the rate
    std::string key;  // what the client calls itself, for clients(); "": nothing
  };
  // Answers GET /stream; `headers` are added to the answer's. Over TLS the library asks for the
  // bytes, so they are copied, encrypted and sent in pieces.
  void add(const ReplyPtr& reply, const User& user, Wish wish,
           std::vector<std::pair<std::string, std::string>> headers);

  std::size_t size() const noexcept { return viewers_.size(); }
  // uStreamer's `clients_stat`: {"ID":{"fps":30,"key":"KEY",…},…}.
  Json clients();
  void drop_if(const std::function<bool(const User&)>& gone);
  // Each ends with the frame that is on its way.
  void finish();

 private:
  struct Viewer {
    int fd = -1;     // borrowed
    ReplyPtr reply;  // under TLS: the library asks it for the bytes
    bool gone = false;
    User user;
    std::uint64_t id = 0;
    std::string key;
    RateMeter rate;
    std::int64_t interval_us = 0;
    std::function<void()> done;
    std::string head;
    FramePtr frame;             // the one on its way
    Bytes left;                 // of head or frame
    std::uint32_t last_id = 0;  // of the last frame sent
    std::int64_t last_content = 0;
    std::int64_t last_us = 0;  // when it began to be sent
    std::int64_t due_us = 0;   // no frame before this (fps cap)
    std::int64_t late = 0;     // new pictures that came while it was busy and one was due
    std::int64_t progress_us = 0;
  };
  using Place = std::list<Viewer>::iterator;

  void publish();
  void tick();
  static bool busy(const Viewer& viewer);
  static bool due(const Viewer& viewer, std::int64_t now_us);
  bool stalled(const Viewer& viewer, std::int64_t now_us) const;
  void ready(Place viewer, std::uint32_t events);
  bool pump(Viewer& viewer);
  bool begin(Viewer& viewer);
  void sent(Viewer& viewer, std::size_t bytes);
  std::ptrdiff_t pull(Place viewer, char* into, std::size_t room);
  void remove(Place viewer);

  Loop& loop_;
  Hub& hub_;
  Metrics& metrics_;
  StreamLimits limits_;
  std::list<Viewer> viewers_;
  std::uint64_t last_id_ = 0;
  std::int64_t content_ = 0;  // of the newest frame
  bool ticking_ = false, finishing_ = false;
};

// TCP_NODELAY, a bounded send buffer and little unsent data in it, TCP_USER_TIMEOUT. Does nothing
// to what is no TCP socket.
void tune_socket(int fd, int send_buffer, std::int64_t stall_us) noexcept;

}  // namespace kvm
