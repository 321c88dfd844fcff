// Which viewer holds which keys and mouse buttons down. Has no clock and no output of its own:
// Control has them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hub/receipts.h"
#include "keys/action.h"

namespace kvm {

class Held {
 public:
  // Applies a line that the viewer sent, at `now_us` (monotonic): adds what it presses, removes
  // what it releases. `releaseall` releases everything that any viewer holds.
  void apply(ViewerId viewer, const Action& action, std::int64_t now_us);

  // Whether the action releases a key or button that this viewer holds; for `releaseall`, whether
  // any viewer holds something.
  bool releases(ViewerId viewer, const Action& action) const;

  // Forgets what the viewer holds. Returns the action lines, keys first, that release the keys and
  // buttons which no other viewer holds: {"keyup k:30", "buttonup left"}.
  std::vector<std::string> release(ViewerId viewer);
  void clear() noexcept { viewers_.clear(); }

  // The viewer gave a sign of life.
  void heard(ViewerId viewer, std::int64_t now_us);
  // Viewers that hold something and were last heard before `since_us`.
  std::vector<ViewerId> silent(std::int64_t since_us) const;
  // Viewers that hold something.
  std::vector<ViewerId> holders() const { return silent(INT64_MAX); }
  bool empty() const noexcept { return viewers_.empty(); }

 private:
  using Item = std::pair<Verb, std::string>;  // the verb that releases a key or button; its name
  struct Viewer {
    std::set<Item> items;  // never empty
    std::int64_t heard_us;
  };
  static std::vector<Item> items_of(const Action& action);

  std::map<ViewerId, Viewer> viewers_;
};

}  // namespace kvm
