// GET /snapshot: the newest frame, or a frame worth waiting for. All who ask share one.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "http/reply.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"

namespace kvm {

class Snapshots {
 public:
  Snapshots(Loop& loop, Hub& hub, Metrics& metrics);

  // ?max_age=SECONDS: no older frame will do. ?wait=SECONDS: how long to wait for one (at most 60).
  void answer(const ReplyPtr& reply, std::vector<std::pair<std::string, std::string>> headers);
  // Monotonic µs of the last request: somebody looks.
  std::int64_t asked_us() const noexcept { return asked_us_; }
  bool waiting() const noexcept { return !waiting_.empty(); }

 private:
  struct Wish {
    ReplyPtr reply;
    std::vector<std::pair<std::string, std::string>> headers;
    double max_age_s;
    std::int64_t asked_us, wait_us;  // monotonic
  };
  bool settle(const Wish& wish);
  std::optional<std::string> unfit(const Wish& wish) const;
  void fulfil(const Wish& wish);
  void look();
  void tick();

  Loop& loop_;
  Hub& hub_;
  Metrics& metrics_;
  std::list<Wish> waiting_;
  std::int64_t asked_us_ = 0;
  bool ticking_ = false;
};

}  // namespace kvm
