// The drive of the gadget: puts a medium in and takes it out while the host watches.
#pragma once

#include <string>

#include "base/error.h"
#include "base/signals.h"
#include "usb/disc_image.h"

namespace kvm {

// What the user can do if a command fails, in the words of the tool.
struct DiscHints {
  std::string no_drive;
  std::string locked;  // the host has locked the medium, and the kernel can force it out
  MediumHints medium;
};

// Puts the image into the drive in place of the present one. The host sees a changed medium.
// To change between disk and CD-ROM, the gadget is unplugged and plugged in again, because hosts
// ask for the type of a drive only when it is plugged in; a message on stderr says so. On failure
// everything is as before.
// Throws Error: the gadget has no drive, the image cannot go in (see checked_path()), or the host
// has locked the present medium. Throws Stopped after a stop signal.
void insert_disc(const Medium& medium, const DiscHints& hints, StopSignals& stop);

enum class Eject { kAsk, kForce };
// Takes the medium out; does nothing if the drive is empty. Throws Error if the gadget has no drive
// or the host has locked the medium.
void eject_disc(Eject how, const DiscHints& hints, StopSignals& stop);

// Prints the medium; Exit::kNo if the drive is empty or missing.
Exit print_disc();

}  // namespace kvm
