// The steps that take a gadget's configfs directory from one state to another.
// Source: the kernel's drivers/usb/gadget/configfs.c.
#pragma once

#include <string>
#include <vector>

#include "usb/gadget_tree.h"

namespace kvm {

enum class StepKind { kMakeDirectory, kRemoveDirectory, kWrite, kLink, kUnlink };

// One system call on configfs.
struct GadgetStep {
  StepKind kind;
  std::string path;
  std::string value;      // kWrite: the value; kLink: the target
  bool optional = false;  // kWrite: skipped if the kernel lacks the attribute
  bool operator==(const GadgetStep&) const = default;
};

// The step as people read it: "mkdir functions/hid.keyboard", "write idVendor 0x1d6b".
std::string describe(const GadgetStep& step);

// The steps from `from` to `to`, in an order that the kernel accepts; empty if nothing differs. A
// connected gadget leaves its controller only if the host has to enumerate it again.
std::vector<GadgetStep> plan(const GadgetTree& from, const GadgetTree& to);

// Whether the host sees the cable pulled while these steps are carried out.
bool unplugs(const std::vector<GadgetStep>& steps);

}  // namespace kvm
