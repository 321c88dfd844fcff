// The viewers of /stream. Each frame is one part that all viewers share; each viewer's socket gets
// a part with one sendmsg(2). A slow viewer skips to the newest frame, and no viewer waits for
// another.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/loop.h"
#include "http/multipart.h"
#include "http/reply.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "net/audit.h"
#include "net/password_file.h"

namespace kvm {

struct StreamLimits {
  std::int64_t stall_us = 10'000'000;     // a viewer without progress for this long is dropped
  std::int64_t heartbeat_us = 1'000'000;  // an unchanged picture is sent again after this time
  int send_buffer = 256 << 10;            // SO_SNDBUF, bytes: bounds how stale queued data can get
  // A picture after which no other came is repeated once after this time. Chrome and WebKit show a
  // part only when the header of the next one is complete. If a picture came less than motion_us
  // after the one before, the next one is waited for half as long again.
  std::int64_t repeat_us = 50'000, motion_us = 100'000;
  // A viewer's first parts follow each other in this time, also on a still screen: players look at
  // several frames before they show the first.
  int first_parts = 30;
  std::int64_t first_us = 33'333;
};

class Streams {
 public:
  Streams(Loop& loop, NewestFrame& newest, Metrics& metrics, Audit& audit, StreamLimits limits);

  struct Wish {
    double fps = 0;   // above 0: caps the rate
    std::string key;  // the client's name for itself, shown by clients() if it is a short word
    // As in uStreamer. With advance_headers, each part ends with the header of the next one, which
    // then tells neither length nor time, and pictures are repeated only if dual_final_frames asks
    // for it.
    bool advance_headers = false;
    std::optional<bool> dual_final_frames = {};
  };
  // The Content-Type that add() could answer with.
  std::string type() const { return stream_type(boundaries_.fresh()); }
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
  // uStreamer's `clients_stat` with the newest 50 viewers: {"ID":{"fps":30,"key":"KEY",…},…}.
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
    std::optional<Visit> visit;
    std::uint64_t id = 0;
    Wish wish;
    RateMeter rate;
    std::int64_t interval_us = 0;  // 0: the rate has no cap
    std::string boundary;
    std::string between;        // what ends each part and begins the next
    std::string head;           // the answer up to the first part
    PartPtr part;               // being sent
    Pieces left;                // the unsent rest of head or part
    std::uint32_t last_id = 0;  // of the last frame sent
    std::int64_t last_content = 0;
    std::int64_t last_us = 0;  // when the last frame began to be sent
    std::int64_t begun = 0;    // parts begun
    bool alone = false;        // the last picture was sent once, and no other has come since
    std::int64_t changed_us = 0, gap_us = 0;  // when the last picture changed, and after what time
    std::int64_t due_us = 0;                  // the rate's cap allows no frame before this time
    std::int64_t late = 0;  // new pictures that came due while the viewer was busy
    std::int64_t progress_us = 0;
  };
  using Place = std::list<Viewer>::iterator;

  enum class Turn { kNone, kFrame, kRepeat };  // kRepeat: of a picture that is alone

  Place insert(const User& user, Wish wish, Fields& headers);
  void pump_all();
  void pump_idle();
  void tick();
  static bool busy(const Viewer& viewer);
  static bool due(const Viewer& viewer, std::int64_t now_us);
  bool stalled(const Viewer& viewer, std::int64_t now_us) const;
  void ready(Place viewer, std::uint32_t events);
  bool pump(Viewer& viewer);
  bool begin(Viewer& viewer);
  bool showable();
  Turn turn(const Viewer& viewer, const Frame& frame, std::int64_t now_us) const;
  static bool repeats(const Viewer& viewer);
  std::int64_t pause_us(const Viewer& viewer) const;
  void plan(const Viewer& viewer);
  void count_skipped(Viewer& viewer, std::int64_t now_us);
  void sent(Viewer& viewer, std::size_t bytes);
  std::ptrdiff_t pull(Place viewer, char* into, std::size_t room);
  void remove(Place viewer);

  Loop& loop_;
  NewestFrame& newest_;
  Metrics& metrics_;
  Audit& audit_;
  StreamLimits limits_;
  std::list<Viewer> viewers_;
  Boundaries boundaries_;
  PartPtr part_;                         // of the newest frame; null until a viewer needs it
  bool hostile_ = false;                 // a frame was not shown, because it might hold a boundary
  std::int64_t planned_us_ = INT64_MAX;  // when pump_idle() runs next, apart from the ticks
  std::uint64_t last_id_ = 0;
  std::int64_t content_ = 0;  // Frame::content of the newest frame
  bool ticking_ = false, finishing_ = false;
};

// Bounds the send buffer, and sets TCP_NODELAY, TCP_NOTSENT_LOWAT (so that little unsent data
// queues up) and TCP_USER_TIMEOUT. On a socket that is not TCP, only the send buffer changes.
void tune_socket(int fd, int send_buffer, std::int64_t stall_us) noexcept;

}  // namespace kvm
