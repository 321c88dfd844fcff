// GET /snapshot: answers with the newest frame, or waits for a frame that fits the request. All
// answers share the frame's memory.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "base/loop.h"
#include "http/multipart.h"
#include "http/reply.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "net/password_file.h"

namespace kvm {

class Snapshots {
 public:
  Snapshots(Loop& loop, NewestFrame& newest, Metrics& metrics);

  // ?max_age=SECONDS: the frame must not be older. ?wait=SECONDS: how long to wait for a frame that
  // fits (at most 60). `headers` join the answer's header lines.
  void answer(const ReplyPtr& reply, const User& user, Fields headers);
  // Refuses the waiting requests of these users.
  void drop_if(const std::function<bool(const User&)>& gone);
  // Monotonic µs of the last request; 0: there was no request yet.
  std::int64_t asked_us() const noexcept { return asked_us_; }
  bool waiting() const noexcept { return !waiting_.empty(); }

 private:
  struct Wish {
    ReplyPtr reply;
    User user;
    Fields headers;
    double max_age_s;
    std::int64_t asked_us;  // monotonic
    std::int64_t wait_us;   // a duration
  };
  bool settle(const Wish& wish);
  std::optional<std::string> unfit(const Wish& wish) const;
  bool worth_waiting(const Wish& wish) const;
  void fulfil(const Wish& wish);
  void settle_all();
  void tick();

  Loop& loop_;
  NewestFrame& newest_;
  Metrics& metrics_;
  std::list<Wish> waiting_;
  std::int64_t asked_us_ = 0;
  bool ticking_ = false;
};

}  // namespace kvm
