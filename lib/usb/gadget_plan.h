// A USB gadget's configfs directory as data, and the steps from one state of it to another.
// Source: the kernel's Documentation/usb/gadget_configfs.rst and drivers/usb/gadget/configfs.c.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kvm {

// Sorts paths in the order in which things are made: a directory before what is in it, functions as
// the host shall number their interfaces (the keyboard first), a medium after its mode.
struct PathOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept;
};

struct GadgetAttribute {
  std::string value;      // as the kernel shows it, without the newline
  bool optional = false;  // not every kernel has it, and it may be passed over where it is missing
};

// Paths are relative to the gadget's directory, which is "" itself. Empty: there is no gadget.
struct GadgetTree {
  // Those that mkdir makes: not the ones that the kernel brings along (functions/, lun.0).
  std::set<std::string, PathOrder> directories;
  // A tree to be reached names only those that it cares about.
  std::map<std::string, GadgetAttribute, PathOrder> attributes;
  // Where → what: "configs/c.1/hid.keyboard" → "functions/hid.keyboard".
  std::map<std::string, std::string, PathOrder> links;

  // The attribute's value; "" where there is none.
  const std::string& value(const std::string& path) const;
};

enum class StepKind { kMakeDirectory, kRemoveDirectory, kWrite, kLink, kUnlink };

// One system call on configfs.
struct GadgetStep {
  StepKind kind;
  std::string path;
  std::string value;      // kWrite: the value, kLink: what is linked
  bool optional = false;  // kWrite: passed over where the kernel has no such attribute
  bool operator==(const GadgetStep&) const = default;
};

// "mkdir functions/hid.keyboard", "write idVendor 0x1d6b": for people.
std::string describe(const GadgetStep& step);

// Whether an attribute that reads as `a` need not be written as `b`: numbers may be spelled
// differently ("0x02" is "2"), text and report descriptors may not.
bool same_value(std::string_view path, std::string_view a, std::string_view b);

// What takes `from` to `to`, in an order that the kernel accepts; empty if nothing differs. A
// connected gadget is taken off its controller only if the host must see it anew.
std::vector<GadgetStep> plan(const GadgetTree& from, const GadgetTree& to);

// Applies the plan to `to`. If `apply`, or `done` that is called after each step, throws, what was
// done is undone and the exception goes on; what could not be undone is told to `complain`.
void converge(const GadgetTree& to, const std::function<GadgetTree()>& read,
              const std::function<void(const GadgetStep&)>& apply,
              const std::function<void(const GadgetStep&)>& done,
              const std::function<void(const std::string&)>& complain);

// A POSIX shell script that makes the gadget `name` where there is none, on the controller that the
// tree names or else the first. If a step fails it removes what it made.
std::string shell_script(const GadgetTree& tree, const std::string& name);

}  // namespace kvm
