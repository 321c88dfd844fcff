// A USB gadget's configfs directory as data.
// Source: the kernel's Documentation/usb/gadget_configfs.rst and drivers/usb/gadget/configfs.c.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kvm {

// Sorts paths in the order in which they must be made: a directory before its contents, functions
// in the order in which the host shall number their interfaces (the keyboard first), a medium after
// the mode of its drive.
struct PathOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept;
};

struct GadgetAttribute {
  std::string value;      // as the kernel shows it, without the newline
  bool optional = false;  // some kernels lack the attribute; the write is then skipped
};

// Paths are relative to the gadget's directory; "" is that directory itself. An empty tree means
// that there is no gadget.
struct GadgetTree {
  // Directories made with mkdir. The kernel's own (functions/, lun.0) are left out.
  std::set<std::string, PathOrder> directories;
  // A tree that describes a wanted state names only the attributes that matter to it.
  std::map<std::string, GadgetAttribute, PathOrder> attributes;
  // Symbolic link → target: "configs/c.1/hid.keyboard" → "functions/hid.keyboard".
  std::map<std::string, std::string, PathOrder> links;

  // The attribute's value; "" if the tree does not have the attribute.
  const std::string& value(const std::string& path) const;
};

// Whether an attribute that reads as `a` already has the value `b`. Numbers may be spelled
// differently ("0x02" is "2"); text and report descriptors may not.
bool same_value(std::string_view path, std::string_view a, std::string_view b);

// The path without its last component; "" for a path of one component.
std::string_view parent_of(std::string_view path) noexcept;
// Whether `path` lies below `directory`, at any depth.
bool is_below(std::string_view path, std::string_view directory) noexcept;
// Whether `path` has several components and the last one is `name`.
bool is_file(std::string_view path, std::string_view name) noexcept;

}  // namespace kvm
