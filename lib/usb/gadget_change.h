// One change of the gadget: checked, planned, carried out step by step, and undone if it fails.
#pragma once

#include <string>
#include <vector>

#include "base/signals.h"
#include "usb/disc_image.h"
#include "usb/gadget_directory.h"

namespace kvm {

enum class OnFailure { kUndo, kLeave };

class Change {
 public:
  // If `to` has an image in its drive, checks the image. Plans the steps that lead to `to`; changes
  // nothing. Throws Error if the image cannot go into the drive. `gadget` must outlive this.
  Change(GadgetDirectory& gadget, GadgetTree to, MediumHints hints = {});

  const std::vector<GadgetStep>& steps() const noexcept { return steps_; }

  // Carries the steps out. If the gadget is bound to its controller again, waits until the
  // controller no longer shows the state of the old connection. Throws Error if a step fails, or if
  // the kernel silently opened a writable image read-only; throws Stopped after a stop signal. With
  // OnFailure::kUndo the gadget is then as before, except for not_undone().
  void carry_out(StopSignals& stop, OnFailure on_failure = OnFailure::kUndo);

  // After carry_out() has thrown: a message for each step that could not be undone.
  const std::vector<std::string>& not_undone() const noexcept { return not_undone_; }

 private:
  void check_writable(const GadgetStep& done) const;
  void wait_for_controller(StopSignals& stop) const;
  void undo();

  GadgetDirectory& gadget_;
  GadgetTree from_, to_;
  MediumHints hints_;
  std::vector<GadgetStep> steps_;
  std::vector<std::string> not_undone_;
};

// Carries the change out. If it fails, says on stderr what could not be undone, and throws.
void carry_out(Change& change, StopSignals& stop);

}  // namespace kvm
