#include "usb/disc.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/message.h"
#include "usb/gadget.h"
#include "usb/gadget_change.h"

namespace kvm {
namespace {

GadgetTree read_with_drive(const Gadget& gadget, const DiscHints& hints) {
  GadgetTree tree = gadget.read();
  if (!tree.directories.contains(kDrive))
    throw Error(Exit::kNoInput, "gadget " + gadget.name() + " has no drive", hints.no_drive);
  return tree;
}

}  // namespace

void insert_disc(const Medium& medium, const DiscHints& hints, StopSignals& stop) {
  const Fd lock = Gadget::lock(stop);
  Gadget gadget;
  GadgetTree to = read_with_drive(gadget, hints);
  put_medium(to, medium);
  Change change(gadget, to, hints.medium);
  if (unplugs(change.steps()))
    say(std::string("the drive becomes a ") +
        (medium.mode == DiscMode::kCdrom ? "CD-ROM" : "disk") +
        ": the host sees the cable pulled and plugged in");
  carry_out(change, stop);
}

void eject_disc(Eject how, const DiscHints& hints, StopSignals& stop) {
  const Fd lock = Gadget::lock(stop);
  Gadget gadget;
  if (medium_in(read_with_drive(gadget, hints)).image.empty()) return;
  try {
    gadget.apply({StepKind::kWrite, kMediumFile, ""});
  } catch (const Error& error) {
    if (error.code() != EBUSY) throw;
    const bool can_force = ::access(gadget.path(kMediumForceEject).c_str(), W_OK) == 0;
    if (how == Eject::kForce && can_force)
      return gadget.apply({StepKind::kWrite, kMediumForceEject, "1"});
    throw Error(
        Exit::kBusy, "the host has locked the disc, as hosts do while a disc is mounted",
        can_force ? hints.locked : "eject it there: this kernel, older than 6.0, cannot force it");
  }
}

Exit print_disc() {
  const GadgetTree tree = Gadget().read();
  const Medium medium = medium_in(tree);
  std::puts(tree.directories.contains(kDrive) ? describe(medium).c_str() : "no drive");
  return medium.image.empty() ? Exit::kNo : Exit::kDone;
}

}  // namespace kvm
