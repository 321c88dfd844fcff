// The drive of the gadget: a medium goes in and out while the host watches.
#pragma once

#include <functional>
#include <string>

#include "usb/gadget.h"

namespace kvm {

enum class DiscMode { kReadOnly, kCdrom, kWritable };

// Puts `image` in, in place of what is there: the host sees a changed medium. Between disk and
// CD-ROM the gadget is plugged in anew, because hosts ask only then; `replug` is called first.
// Throws Error, with all as it was before: the image cannot be had or is in use, the host has
// locked the medium, there is no drive.
void insert_disc(const Gadget& gadget, const std::string& image, DiscMode mode,
                 const std::function<void()>& replug,
                 const std::function<void(const std::string&)>& complain);

// Before a change to `to`: that the image which it has in the drive, if any, can go in, as
// insert_disc() looks at it. It gets its true path, which the kernel tells too. Throws Error.
void check_medium(const Gadget& gadget, GadgetTree& to);

// For change() to call after each step: throws Error (Exit::kPermission) once an image that `to`
// has as writable could only be opened to read. The kernel does so and says nothing.
void check_writable(const Gadget& gadget, const GadgetTree& to, const GadgetStep& done,
                    const std::string& hint);

enum class Eject { kAsk, kForce };
// Takes the medium out; none is fine. Throws Error where the host has locked it and is not forced.
void eject_disc(const Gadget& gadget, Eject how);

}  // namespace kvm
