// The functions that a gadget can have: names, options and profiles. The report descriptors of
// keyboard and mice are in usb/hid_descriptors.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "usb/hid_descriptors.h"

namespace kvm {

enum class FunctionKind {
  kKeyboard,
  kPointer,
  kMouse,
  kDisc,
  kSerial,
  kNetwork,
  kAudio,
  kControls
};

struct GadgetFunction {
  FunctionKind kind;
  // Option name → value, with the names of the man page. Options that are missing here have their
  // default.
  std::map<std::string, std::string> options = {};

  // The option's value; "" if the option is not given.
  std::string option(const std::string& name) const;
};

// Numbers of endpoints, not counting the control endpoint.
struct Endpoints {
  int in = 0, out = 0;
  bool operator==(const Endpoints&) const = default;
};

// An attribute of a function in configfs, and the option that sets the attribute.
struct FunctionOption {
  const char* name;       // "": users cannot set the attribute
  const char* attribute;  // below the function's directory; "": the option sets no attribute
  const char* preset;     // written if the option is not given; nullptr: the kernel's value stays
  bool optional = false;  // the preset matters only if the kernel has the attribute
};

struct FunctionInfo {
  FunctionKind kind;
  const char* name;       // on the command line: "keyboard", "disc"
  const char* directory;  // below functions/: "hid.keyboard"
  Endpoints endpoints;
  std::vector<FunctionOption> options;
  const HidFunction* hid = nullptr;
  bool associated = false;  // several interfaces, joined by an interface association descriptor
};
const FunctionInfo& info_of(FunctionKind kind);

// "keyboard", "disc".
const char* name_of(FunctionKind kind) noexcept;
// The function's directory below functions/: "hid.keyboard", "ncm.network".
std::string directory_of(const GadgetFunction& function);
// The kind of the function in the directory of that name below functions/; nullopt if the directory
// is not ours.
std::optional<FunctionKind> kind_of_directory(std::string_view name) noexcept;

// The functions of "kvm", "keyboard" or "full". Throws Error (usage) for any other name.
std::vector<GadgetFunction> profile(std::string_view name);
// Reads "disc:image=/a.iso,cdrom": a name, then options; an option without a value is "1". Throws
// Error (usage).
GadgetFunction parse_function(std::string_view text);
bool has_function(const std::vector<GadgetFunction>& functions, FunctionKind kind);
// Adds the function, or adds its options to the function of the same kind. Throws Error (usage) if
// the options contradict each other.
void add_function(std::vector<GadgetFunction>& functions, const GadgetFunction& function);
void remove_function(std::vector<GadgetFunction>& functions, FunctionKind kind);

}  // namespace kvm
