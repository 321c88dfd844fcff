// A gadget as a shell script, for machines on which our tools are not installed.
#pragma once

#include <string>

#include "usb/gadget_tree.h"

namespace kvm {

// A POSIX shell script that makes the gadget `name` on a machine that has no such gadget, on the
// controller that the tree names or else on the first one. If a step fails, the script removes
// everything that it made.
std::string shell_script(const GadgetTree& tree, const std::string& name);

}  // namespace kvm
