#include "usb/gadget_change.h"

#include "base/error.h"
#include "base/message.h"
#include "base/poller.h"
#include "usb/udc.h"

namespace kvm {

Change::Change(GadgetDirectory& gadget, GadgetTree to, MediumHints hints)
    : gadget_(gadget), from_(gadget.read()), to_(std::move(to)), hints_(std::move(hints)) {
  if (const Medium medium = medium_in(to_); !medium.image.empty())
    to_.attributes[kMediumFile].value = checked_path(medium, from_.value(kMediumFile), hints_);
  steps_ = plan(from_, to_);
}

void Change::carry_out(StopSignals& stop, OnFailure on_failure) {
  try {
    for (const GadgetStep& step : steps_) {
      gadget_.apply(step);
      check_writable(step);
      stop.check();
    }
    wait_for_controller(stop);
  } catch (...) {
    if (on_failure == OnFailure::kUndo) undo();
    throw;
  }
}

void Change::check_writable(const GadgetStep& done) const {
  if (done.path == kMediumFile && !done.value.empty() && to_.value(kMediumReadOnly) == "0" &&
      gadget_.read().value(kMediumReadOnly) == "1")
    throw Error(Exit::kPermission, done.value + ": can only be read", hints_.not_writable);
}

// After a gadget is bound, the controller shows the state of the old connection until the next host
// begins to talk. Hosts need a third of a second for that.
void Change::wait_for_controller(StopSignals& stop) const {
  using std::chrono::milliseconds;
  if (steps_.empty() || steps_.back().path != "UDC" || steps_.back().value.empty()) return;
  Poller poller(stop);
  for (int tries = 0; tries < 50 && udc_state(steps_.back().value) == "configured"; ++tries)
    poller.pause(milliseconds(20));
}

void Change::undo() {
  for (const GadgetStep& step : plan(gadget_.read(), from_)) {
    try {
      gadget_.apply(step);
    } catch (const Error& error) {  // the steps after this one may still succeed
      not_undone_.emplace_back(error.what());
    }
  }
}

void carry_out(Change& change, StopSignals& stop) {
  try {
    change.carry_out(stop);
  } catch (...) {
    for (const std::string& failure : change.not_undone()) say("while undoing: " + failure);
    throw;
  }
}

}  // namespace kvm
