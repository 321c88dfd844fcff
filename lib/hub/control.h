// Control of the target: which viewer may send action lines, what each viewer holds down and has
// set, and which of its lines arrived. Accepted lines go to a file descriptor (stdout).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/loop.h"
#include "hub/actions_out.h"
#include "hub/held.h"
#include "hub/metrics.h"
#include "hub/receipts.h"
#include "keys/action.h"
#include "keys/keyboard_status.h"

namespace kvm {

struct ControlOptions {
  bool shared = false;                // all viewers may send lines at the same time
  std::int64_t silence_us = 500'000;  // keys of a viewer that is silent for longer are released
  ActionHints hints{};                // added to the reason for which a line is refused
};

enum class Permission { kWatch, kControl };

// Why a line was refused.
struct Refused {
  enum Reason { kLine, kControlled, kNobodyReads, kBusy } reason;
  std::string why;        // never contains text that was to be typed
  std::int64_t line = 0;  // number of the first refused line; see submit() and submit_all()
};

// The next lines of `text` from byte `from` on, without the last newline: so few that their parsing
// takes a fraction of a millisecond, but at least one.
std::string_view next_lines(std::string_view text, std::size_t from) noexcept;

class Control {
 public:
  // Calls `on_change` when control passes to another viewer or becomes free, and when view_only()
  // becomes true.
  Control(Loop& loop, Metrics& metrics, ControlOptions options, int out_fd,
          std::function<void()> on_change);

  // Until leave(), the viewer's lines are numbered from 1 and told() reports on them. A viewer that
  // never joins may submit lines, too; these lines are not numbered.
  void join(ViewerId viewer, Permission permission);
  // Gives control up and forgets the viewer.
  void leave(ViewerId viewer);

  // The viewer takes control. A previous controller loses control as in give_up().
  void take(ViewerId viewer);
  // Releases the viewer's keys, undoes its layout and delays, and frees control if it had control.
  void give_up(ViewerId viewer);
  // Does the same for all viewers, but leaves control where it is.
  void release_everything();

  // Takes action lines, separated by '\n'. Unless control is shared, the first accepted line takes
  // control if nobody has it. Lines after a refused line are refused as well. If the target is
  // busy, lines that release what the viewer holds pass all the same: the viewer sends them only
  // once, and a lost line would leave a key pressed. Returns the first refusal; its `line` counts
  // the viewer's lines since join().
  std::optional<Refused> submit(ViewerId viewer, std::string_view lines) {
    std::optional<Refused> refused;
    submit(viewer, lines, refused);
    return refused;
  }
  // The same for the next lines of a message whose first refusal so far was `refused`.
  void submit(ViewerId viewer, std::string_view lines, std::optional<Refused>& refused);

  // Lines of which either all or none are accepted. `line` of a refusal counts within the text,
  // from 1; it is 0 if no line is at fault.
  struct Batch {
    ViewerId viewer;
    std::string text;
    std::size_t checked = 0, passed = 0;  // bytes
    int number = 0;                       // of the last line that was checked
    std::optional<Refused> refused = {};
    std::map<std::string_view, int> verbs = {};  // how many lines of each were passed on
    bool done() const noexcept { return refused || passed > text.size(); }
  };
  // Works on a batch for a short time (one next_lines()): first checks all lines, then passes
  // them on. Call this until done(). If another viewer takes control over meanwhile, the rest is
  // refused.
  void advance(Batch& batch);
  // The same at once, for a short text.
  std::optional<Refused> submit_all(ViewerId viewer, std::string_view lines) {
    Batch batch{viewer, std::string(lines)};
    while (!batch.done()) advance(batch);
    return batch.refused;
  }
  // The viewer gave a sign of life, so its keys and buttons stay pressed.
  void heard(ViewerId viewer);

  // A status line of kvm-type arrived, with the number of lines that were executed.
  void counted(const KeyboardStatus& status);
  // The JSON members about this viewer's lines; see Receipts::members().
  std::vector<Json::Member> told(ViewerId viewer) const { return receipts_.members(viewer); }

  std::optional<ViewerId> controller() const noexcept { return controller_; }
  // Whether nobody reads the lines.
  bool view_only() const noexcept { return out_.gone(); }
  // Whether all accepted lines were written.
  bool flushed() const noexcept { return out_.empty(); }

 private:
  struct Line {
    std::string_view text;
    std::variant<std::monostate, Action, ActionError> parsed;
  };
  static Line parse(std::string_view line);
  void check_piece(Batch& batch);
  void pass_piece(Batch& batch);
  std::string reason(const ActionError& error) const;
  std::optional<Refused> barred(ViewerId viewer) const;
  bool passes_when_busy(ViewerId viewer, const Line& line) const;
  std::optional<Refused> submit_line(ViewerId viewer, const Line& line);
  void pass(ViewerId viewer, std::string_view text, const Action& action);
  void note_setting(ViewerId viewer, const Action& action);
  void release(ViewerId viewer);
  void restore(ViewerId viewer);
  void let_go(ViewerId viewer);
  void write_own(const std::string& line);
  void set_controller(std::optional<ViewerId> viewer);
  void watch_silence();
  void release_silent();

  Loop& loop_;
  Metrics& metrics_;
  ControlOptions options_;
  std::function<void()> on_change_;
  ActionsOut out_;
  Receipts receipts_;
  Held held_;
  std::optional<ViewerId> controller_;
  std::set<ViewerId> watchers_;  // joined with Permission::kWatch
  // Verbs of the settings that each viewer changed: kvm-type keeps a setting for all later lines.
  std::map<ViewerId, std::set<std::string>> settings_;
  bool check_scheduled_ = false;  // of silent viewers
};

}  // namespace kvm
