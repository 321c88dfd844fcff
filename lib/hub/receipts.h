// Which of its action lines a viewer may call taken: each one's place in the pipe to kvm-type,
// against the counts that kvm-type tells. Where it tells nothing, there is an end to waiting: no
// more of a viewer's lines wait than the pipe can hold, the oldest pass for settled.
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
  // From now on this viewer's lines are counted, from 1; until forget().
  void expect(ViewerId viewer) { viewers_[viewer]; }
  void forget(ViewerId viewer) { viewers_.erase(viewer); }

  // A line went into the pipe: this viewer's, or one of the server's own.
  void passed(std::optional<ViewerId> viewer);
  // This viewer's line never went.
  void refused(ViewerId viewer);

  // What kvm-type tells: lines since it was started. Where it was started anew, what the one before
  // did not tell of counts as failed; where it tells of more lines than we wrote, it began before
  // us, or somebody else writes to it, too.
  void counted(std::int64_t done, std::int64_t failed);

  // How many lines of this viewer there were.
  std::int64_t lines(ViewerId viewer) const;

  // Of this viewer's lines, as JSON members: how many are settled, and the numbers of those among
  // them that failed, the last 16: `"taken":12,"failed":[11]`.
  std::vector<Json::Member> members(ViewerId viewer) const;

 private:
  struct Line {
    std::int64_t place;  // lines in the pipe up to this one
    bool failed;
  };
  struct Viewer {
    std::deque<Line> waiting;
    std::int64_t settled = 0;
    std::deque<std::int64_t> failed;
  };
  static void wait(Viewer& viewer, Line line);
  static void settle_first(Viewer& viewer, bool failed);
  // What stands in the pipe up to settled_ is settled, and what stands up to `good` was taken.
  void settle(Viewer& viewer, std::int64_t good) const;

  std::map<ViewerId, Viewer> viewers_;
  std::int64_t written_ = 0;               // lines, ever
  std::int64_t settled_ = 0;               // up to this place
  std::int64_t base_ = 0;                  // the place before the first line that kvm-type counts
  std::int64_t counted_ = 0, failed_ = 0;  // as it told
};

}  // namespace kvm
