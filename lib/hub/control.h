// Who may send input, what each holds down, and the way of checked action lines to stdout.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "hub/actions_out.h"
#include "hub/metrics.h"
#include "hub/receipts.h"
#include "keys/action.h"

namespace kvm {

struct InputOptions {
  bool shared_control = false;        // nobody needs control
  std::int64_t silence_us = 500'000;  // a viewer unheard for so long holds nothing any more
};

struct Refused {
  enum Reason { kLine, kControlled, kNobodyReads, kBusy } reason;
  std::string why;  // never holds any text that was to be typed
};

class Input {
 public:
  // `on_change`: the controller or view_only() is another now.
  Input(Loop& loop, Metrics& metrics, InputOptions options, int out_fd,
        std::function<void()> on_change);

  // One line from a viewer. Takes control when nobody has it. Returns why it was refused, if it
  // was.
  std::optional<Refused> submit(ViewerId viewer, std::string_view line);
  // Whether the line takes up something that is down. Then it is never too much, however busy the
  // target is: a viewer tells once only, and where that is lost a key stays down.
  bool lets_go(ViewerId viewer, std::string_view line) const;
  // Anything was heard of the viewer: it holds on to its keys.
  void heard(ViewerId viewer);

  // Several lines: all of them or, if one is refused, none.
  std::optional<Refused> submit_all(ViewerId viewer, std::string_view lines);

  // Control, explicitly: takes it over from whoever has it, as if that one had left.
  void take(ViewerId viewer);
  // Gives control up, or is gone: its keys come up, its layout and delays go, control is free.
  void leave(ViewerId viewer);
  void release_everything();

  Receipts& receipts() noexcept { return receipts_; }
  std::optional<ViewerId> controller() const noexcept { return controller_; }
  bool view_only() const noexcept { return pipe_.gone(); }
  bool flushed() const noexcept { return pipe_.empty(); }
  // Monotonic µs: when the last line was handed on; 0: none yet.
  std::int64_t last_us() const noexcept { return last_us_; }

 private:
  struct Held {
    std::set<std::string> keys, buttons;  // as an action line names them
    std::int64_t heard_us = 0;
  };
  std::optional<Refused> refused(ViewerId viewer) const;
  void pass(ViewerId viewer, std::string_view line, const Action& action);
  void note(ViewerId viewer, const Action& action);
  void give_up(ViewerId viewer);
  // What others hold as well stays down.
  void release(ViewerId viewer);
  void restore(ViewerId viewer);
  void write_own(const std::string& line);
  void set_controller(std::optional<ViewerId> viewer);
  void watch_silence();
  void release_silent();

  Loop& loop_;
  Metrics& metrics_;
  InputOptions options_;
  std::function<void()> on_change_;
  ActionPipe pipe_;
  Receipts receipts_;
  std::optional<ViewerId> controller_;
  std::map<ViewerId, Held> held_;  // those who hold something
  // What each has set, by its verb. kvm-type keeps that for all who come after.
  std::map<ViewerId, std::set<std::string>> set_;
  std::int64_t last_us_ = 0;
  bool watching_ = false;
};

}  // namespace kvm
