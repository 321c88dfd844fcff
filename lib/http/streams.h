// The viewers of /stream. Each frame is one part that all viewers share; each viewer's socket gets
// a part with one sendmsg(2). A slow viewer skips to the newest frame, and no viewer waits for
// another.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "base/json.h"
#include "base/loop.h"
#include "http/multipart.h"
#include "http/reply.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "net/password_file.h"

namespace kvm {

struct StreamLimits {
  std::int64_t stall_us = 10'000'000;     // a viewer without progress for this long is dropped
  std::int64_t heartbeat_us = 1'000'000;  // an unchanged picture is sent again after this time
  int send_buffer = 256 << 10;            // SO_SNDBUF, bytes: bounds how stale queued data can get
};

class Streams {
 public:
  Streams(Loop& loop, NewestFrame& newest, Metrics& metrics, StreamLimits limits);

  struct Wish {
    double fps = 0;   // above 0: caps the rate
    std::string key;  // the client's name for itself, shown by clients(); "": no name
  };
  // Answers GET /stream; `headers` join the answer's header lines. Under TLS the HTTP library asks
  // for the bytes, so they are copied, encrypted and sent in pieces.
  void add(const ReplyPtr& reply, const User& user, Wish wish, Fields headers);

  // A viewer's socket, not under TLS. Borrowed until done() is called.
  struct Socket {
    int fd;
    std::function<void()> done;
  };
  // Writes the whole answer to the socket, its status line included.
  void adopt(Socket socket, const User& user, Wish wish, Fields headers);

  std::size_t size() const noexcept { return viewers_.size(); }
  // uStreamer's `clients_stat`: {"ID":{"fps":30,"key":"KEY",…},…}.
  Json clients();
  void drop_if(const std::function<bool(const User&)>& gone);
  // Ends every stream as soon as the frame that is being sent is complete.
  void finish();

 private:
  struct Viewer {
    int fd = -1;                 // borrowed
    ReplyPtr reply;              // under TLS only: the HTTP library pulls the bytes through it
    std::function<void()> done;  // without TLS only
    bool gone = false;           // pull() must end the answer
    User user;
    std::uint64_t id = 0;
    std::string key;
    RateMeter rate;
    std::int64_t interval_us = 0;  // 0: the rate has no cap
    std::string head;              // the answer up to the first part
    PartPtr part;                  // being sent
    Pieces left;                   // the unsent rest of head or part
    std::uint32_t last_id = 0;     // of the last frame sent
    std::int64_t last_content = 0;
    std::int64_t last_us = 0;  // when the last frame began to be sent
    std::int64_t due_us = 0;   // the rate's cap allows no frame before this time
    std::int64_t late = 0;     // new pictures that came due while the viewer was busy
    std::int64_t progress_us = 0;
  };
  using Place = std::list<Viewer>::iterator;

  Place insert(const User& user, Wish& wish, Fields& headers);
  void pump_all();
  void tick();
  static bool busy(const Viewer& viewer);
  static bool due(const Viewer& viewer, std::int64_t now_us);
  bool stalled(const Viewer& viewer, std::int64_t now_us) const;
  void ready(Place viewer, std::uint32_t events);
  bool pump(Viewer& viewer);
  bool begin(Viewer& viewer);
  bool wants(const Viewer& viewer, const Frame& frame, std::int64_t now_us) const;
  void count_skipped(Viewer& viewer, std::int64_t now_us);
  const PartPtr& newest_part();
  void sent(Viewer& viewer, std::size_t bytes);
  std::ptrdiff_t pull(Place viewer, char* into, std::size_t room);
  void remove(Place viewer);

  Loop& loop_;
  NewestFrame& newest_;
  Metrics& metrics_;
  StreamLimits limits_;
  std::list<Viewer> viewers_;
  PartPtr part_;  // of the newest frame; null until a viewer needs it
  std::uint64_t last_id_ = 0;
  std::int64_t content_ = 0;  // Frame::content of the newest frame
  bool ticking_ = false, finishing_ = false;
};

// Bounds the send buffer, and sets TCP_NODELAY, TCP_NOTSENT_LOWAT (so that little unsent data
// queues up) and TCP_USER_TIMEOUT. On a socket that is not TCP, only the send buffer changes.
void tune_socket(int fd, int send_buffer, std::int64_t stall_us) noexcept;

}  // namespace kvm
