#include "usb/udc.h"

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/sysfs.h"

namespace kvm {
namespace {

constexpr const char* kUdcs = "/sys/class/udc";

// An error that names the gadget or driver on the controller; nullopt if the controller is free.
std::optional<Error> taken(const Udc& udc, const Gadget& gadget) {
  for (const std::string& other : list_directory(sys_path(Gadget::kAll))) {
    const Gadget theirs(other);
    if (other != gadget.name() && read_attribute(theirs.path("UDC")) == udc.name)
      return Error(Exit::kBusy, udc.name + " is taken by the gadget " + other,
                   "to free it: echo > " + theirs.path("UDC"));
  }
  if (!udc.function.empty())
    return Error(Exit::kBusy, udc.name + " is taken by " + udc.function,
                 "try: rmmod " + udc.function);
  return std::nullopt;
}

}  // namespace

std::vector<Udc> list_udcs() {
  std::vector<Udc> udcs;
  for (const std::string& name : list_directory(sys_path(kUdcs))) {
    const std::string directory = sys_path(kUdcs) + "/" + name + "/";
    std::error_code error;
    udcs.push_back({name,
                    std::filesystem::read_symlink(directory + "device/driver", error).filename(),
                    udc_state(name), read_attribute(directory + "current_speed").value_or(""),
                    read_attribute(directory + "function").value_or("")});
  }
  return udcs;
}

std::string udc_state(const std::string& name) {
  return read_attribute(udc_state_path(name)).value_or("");
}

std::string udc_state_path(const std::string& name) {
  return sys_path(kUdcs) + "/" + name + "/state";
}

Udc choose_udc(const Gadget& gadget, const std::string& wanted) {
  const std::vector<Udc> udcs = list_udcs();
  if (udcs.empty())
    throw Error(Exit::kUnavailable, "no USB device controller in /sys/class/udc",
                "on a Raspberry Pi: dtoverlay=dwc2 in config.txt, then reboot; kvm-otg-check looks "
                "further");
  const std::string ours = read_attribute(gadget.path("UDC")).value_or("");
  const std::string name = wanted.empty() ? ours : wanted;
  std::string names;
  std::optional<Error> busy;
  for (const Udc& udc : udcs) {
    names += (names.empty() ? "" : ", ") + udc.name;
    if (!name.empty() && udc.name != name) continue;
    if (udc.name == ours) return udc;
    busy = taken(udc, gadget);
    if (!busy) return udc;
  }
  if (busy) throw Error(*busy);
  throw Error(Exit::kNoInput, "no such controller: " + name, "there is " + names);
}

}  // namespace kvm
