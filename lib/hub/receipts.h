// Which of a viewer's action lines were executed. Compares the place of each line in the pipe to
// kvm-type with the counts in kvm-type's status lines. If no status arrives and more of a
// viewer's lines wait than the pipe can hold, the oldest of them count as executed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/json.h"

namespace kvm {

using ViewerId = std::uint32_t;

class Receipts {
 public:
  // Numbers this viewer's lines from 1, until forget().
  void expect(ViewerId viewer) { viewers_[viewer]; }
  void forget(ViewerId viewer) { viewers_.erase(viewer); }

  // A line went into the pipe: this viewer's, or the server's own line (nullopt).
  void passed(std::optional<ViewerId> viewer);
  // A line of this viewer was refused, so it never went into the pipe: it counts as failed.
  void refused(ViewerId viewer);

  // kvm-type reported how many lines have succeeded and failed since it was started. If done +
  // failed went down, kvm-type was restarted: lines that its predecessor did not report count as
  // failed. If done + failed exceeds the number of lines that we wrote, kvm-type was started before
  // us or has another writer, too.
  void counted(std::int64_t done, std::int64_t failed);

  // The number of this viewer's last line; 0: no line yet.
  std::int64_t lines(ViewerId viewer) const;

  // JSON members: how many of this viewer's lines are settled (executed or failed), and the numbers
  // of the last 16 that failed: `"taken":12,"failed":[11]`.
  std::vector<Json::Member> members(ViewerId viewer) const;

 private:
  struct Line {
    std::int64_t place;  // lines written to the pipe up to and including this line
    bool failed;
  };
  struct Viewer {
    std::deque<Line> waiting;
    std::int64_t settled = 0;
    std::deque<std::int64_t> failed;
  };
  static void wait(Viewer& viewer, Line line);
  static void settle_first(Viewer& viewer, bool failed);
  // Settles the lines up to the place settled_. Those whose place is after `good` count as failed.
  void settle(Viewer& viewer, std::int64_t good) const;

  std::map<ViewerId, Viewer> viewers_;
  std::int64_t written_ = 0;               // lines written since the start
  std::int64_t settled_ = 0;               // place of the last settled line
  std::int64_t base_ = 0;                  // place before the first line that kvm-type counts
  std::int64_t counted_ = 0, failed_ = 0;  // as kvm-type reported last
};

}  // namespace kvm
