// Decides from the reports of the source whether the screen is visible, what to tell people, which
// notice to show instead of the screen, and when to give up. Pure: no I/O, no clock of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "jpeg/clean_mjpeg.h"
#include "jpeg/frame_facts.h"

namespace kvm {

// Why there is no picture of the screen.
struct Trouble {
  SourceState state = SourceState::kNoSignal;
  std::string reason;  // a few words for people
};

// A report of the source.
struct Observation {
  std::int64_t now_us = 0;  // monotonic
  SourceState state = SourceState::kLive;
  std::string reason;  // why the state is not live
  double hz = 0;       // pictures that arrive per second; 0: unknown
};

struct Verdict {
  std::string say;                 // a line for people; empty: nothing changed
  std::optional<Trouble> trouble;  // show a notice of this instead of the screen
  std::optional<Error> give_up;    // print `say`, then end with this error
};

struct HealthOptions {
  double timeout_s = 0;       // give up after this time without a good picture; 0: never
  bool exit_on_loss = false;  // give up as soon as the signal or the device is lost
};

class Health {
 public:
  // Messages call the source `name`. The timeout starts at `now_us`.
  Health(std::string name, HealthOptions options, std::int64_t now_us);

  // A picture has arrived. It counts as good if the last picture that was checked was good.
  void picture_came(std::int64_t now_us) noexcept;
  // The picture was checked: it is whole.
  void picture_good(std::int64_t now_us) noexcept;
  void picture_damaged(JpegFault fault) noexcept { damage_ = fault; }

  // Call this after each change and at deadline_us(). A live source counts as stalled when it has
  // delivered only damaged pictures for 0.7 s, or for three periods if that is longer. The exit
  // code in `give_up` is Exit::kNoInput for a lost device, else Exit::kBusy.
  Verdict observe(const Observation& source);

  // The state that the last observe() found.
  SourceState state() const noexcept { return state_; }
  // When the timeout expires, monotonic; INT64_MAX without a timeout.
  std::int64_t deadline_us() const noexcept;

 private:
  Trouble judge(const Observation& source) const;
  bool starting(const Observation& source) const noexcept;
  bool only_damaged(const Observation& source) const noexcept;
  std::optional<Error> timed_out(const Trouble& now, std::int64_t now_us) const;

  const std::string name_;
  const HealthOptions options_;
  std::int64_t good_us_;                 // when the last good picture came, or the start
  bool seen_ = false;                    // a picture has come since the start
  JpegFault damage_ = JpegFault::kNone;  // of the last picture that was checked
  SourceState state_ = SourceState::kLive;
  std::string said_;  // the last line about trouble
};

}  // namespace kvm
