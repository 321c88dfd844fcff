// A gadget's directory as a Change needs it: the kernel's (usb/gadget.h), or a test's model of it.
#pragma once

#include "usb/gadget_plan.h"

namespace kvm {

class GadgetDirectory {
 public:
  virtual ~GadgetDirectory() = default;
  virtual GadgetTree read() const = 0;
  // Throws Error if the kernel refuses the step.
  virtual void apply(const GadgetStep& step) = 0;
};

}  // namespace kvm
