// What people ask a gadget to be, the configfs tree that makes it so, and what it costs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "usb/gadget_plan.h"

namespace kvm {

enum class FunctionKind { kKeyboard, kPointer, kMouse, kDisc, kSerial, kNetwork, kAudio };

struct GadgetFunction {
  FunctionKind kind;
  // By the names of the man page; what is not here has its default.
  std::map<std::string, std::string> options = {};
};

struct GadgetSpec {
  std::uint16_t vendor_id = 0x1d6b;   // Linux Foundation
  std::uint16_t product_id = 0x0104;  // Multifunction Composite Gadget
  std::string manufacturer = "kvmpi";
  std::string product = "KVM";
  std::string serial;  // "": derived from `machine`
  int max_power_ma = 250;
  bool remote_wakeup = false;
  std::string udc;
  // What is the same on this machine for ever and on no other: serial number and MAC addresses
  // come from it.
  std::string machine;
  std::vector<GadgetFunction> functions;
};

// The word of the command line: "keyboard", "disc".
const char* name_of(FunctionKind kind) noexcept;
// Its directory below functions/: "hid.keyboard", "ncm.network".
std::string directory_of(const GadgetFunction& function);
// The function that lives in a directory of that name.
std::optional<FunctionKind> kind_of_directory(std::string_view name) noexcept;

// "kvm", "keyboard", "full"; throws Error (usage) for any other name.
std::vector<GadgetFunction> profile(std::string_view name);
// "disc:image=/a.iso,cdrom": a name, then options; one without a value is "1". Throws Error
// (usage).
GadgetFunction parse_function(std::string_view text);
// Adds it, or adds its options to the one of its kind that is there. Throws Error (usage) where
// they do not go together.
void add_function(std::vector<GadgetFunction>& functions, const GadgetFunction& function);

// Throws Error (usage) where the kernel would not take it as a string of the gadget.
void check_string(const std::string& text);

// The state of configfs in which the gadget is what `spec` says. Throws Error (usage).
GadgetTree tree_of(const GadgetSpec& spec);

// Endpoints beside the control endpoint.
struct Endpoints {
  int in = 0, out = 0;
  bool operator==(const Endpoints&) const = default;
};
Endpoints endpoints_of(const GadgetFunction& function);
Endpoints endpoints_of(const std::vector<GadgetFunction>& functions);
// What a controller has, by its driver's name; nullopt where we do not know.
std::optional<Endpoints> endpoints_of_driver(std::string_view driver) noexcept;
// Throws Error, with the sum, if the functions need more than there is.
void check_endpoints(const std::vector<GadgetFunction>& functions, const Endpoints& available,
                     const std::string& controller);

// 96 bits as hex that tell `machine` and `purpose` from others and tell nothing about `machine`.
std::string derive_id(const std::string& machine, const std::string& purpose);

}  // namespace kvm
