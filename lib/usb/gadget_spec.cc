#include "usb/gadget_spec.h"

#include <algorithm>

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"
#include "usb/machine_id.h"

namespace kvm {
namespace {

void add_options(GadgetTree& tree, const std::string& directory, const GadgetFunction& function) {
  for (const FunctionOption& option : info_of(function.kind).options) {
    if (*option.attribute == '\0') continue;
    const std::string attribute = directory + option.attribute;
    const auto given = function.options.find(option.name);
    if (given != function.options.end())
      // A kernel without the attribute behaves as if it were "0".
      tree.attributes[attribute] = {given->second, option.optional && given->second == "0"};
    else if (option.preset)
      tree.attributes[attribute] = {option.preset, option.optional};
  }
}

void add_hid(GadgetTree& tree, const std::string& directory, const GadgetFunction& function,
             bool remote_wakeup) {
  const HidFunction& hid = *info_of(function.kind).hid;
  if (remote_wakeup && !function.options.contains("wakeup-on-write"))
    tree.attributes[directory + "wakeup_on_write"] = {"1", true};
  tree.attributes[directory + "subclass"] = {std::to_string(hid.subclass)};
  tree.attributes[directory + "protocol"] = {std::to_string(hid.protocol)};
  tree.attributes[directory + "report_length"] = {std::to_string(hid.report_bytes)};
  tree.attributes[directory + "report_desc"] = {std::string(as_text(hid.descriptor))};
}

void add_disc(GadgetTree& tree, const std::string& directory, const GadgetFunction& function) {
  if (function.options.contains("image")) {
    tree.attributes.try_emplace(directory + "lun.0/cdrom", GadgetAttribute{"0"});
    tree.attributes.try_emplace(directory + "lun.0/ro", GadgetAttribute{"1"});
  }
  // The kernel itself makes a CD-ROM read-only.
  if (function.option("cdrom") == "1") tree.attributes[directory + "lun.0/ro"] = {"1"};
}

void add_network(GadgetTree& tree, const std::string& directory, const std::string& machine) {
  for (const auto& [name, purpose] :
       {std::pair("dev_addr", "device mac"), {"host_addr", "host mac"}}) {
    std::string& mac =
        tree.attributes.try_emplace(directory + name, GadgetAttribute{derive_mac(machine, purpose)})
            .first->second.value;
    std::transform(mac.begin(), mac.end(), mac.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
}

// Windows 10 and newer load their NCM driver for a function with this compatible ID in a Microsoft
// OS 1.0 descriptor. We have not tried this on a real host.
void add_os_descriptors(GadgetTree& tree, const std::string& function) {
  tree.attributes["os_desc/use"] = {"1"};
  tree.attributes["functions/" + function + "/os_desc/interface.ncm/compatible_id"] = {"WINNCM"};
  tree.links["os_desc/c.1"] = "configs/c.1";
}

void add_function(GadgetTree& tree, const GadgetFunction& function, const GadgetSpec& spec) {
  const std::string name = directory_of(function), directory = "functions/" + name + "/";
  tree.directories.insert("functions/" + name);
  tree.links["configs/c.1/" + name] = "functions/" + name;
  add_options(tree, directory, function);
  if (info_of(function.kind).hid) add_hid(tree, directory, function, spec.remote_wakeup);
  if (function.kind == FunctionKind::kDisc) add_disc(tree, directory, function);
  if (function.kind == FunctionKind::kNetwork) add_network(tree, directory, spec.machine);
  if (name.starts_with("ncm.")) add_os_descriptors(tree, name);
}

// Windows remembers the interfaces of a device by vendor, product and revision, so each set of
// functions has a revision of its own, in BCD.
std::string revision_of(const std::vector<GadgetFunction>& functions) {
  int kinds = 0;
  for (const GadgetFunction& function : functions) kinds |= 1 << static_cast<int>(function.kind);
  return strf("0x1%03d", kinds);
}

// bmAttributes of USB 2.0, table 9-10.
std::string attributes_of(const GadgetSpec& spec) {
  const int self_powered = spec.power == GadgetSpec::Power::kSelf ? 0x40 : 0;
  return strf("0x%02x", 0x80 | self_powered | (spec.remote_wakeup ? 0x20 : 0));
}

// The kernel's own maximum, which a gadget without the option has.
constexpr const char* kAnySpeed = "super-speed-plus";

}  // namespace

void check_string(const std::string& text) {
  // The kernel counts the newline too (USB_MAX_STRING_LEN in usb_string_copy, configfs.c).
  if (text.empty() || text.size() > 125 || printable(text) != text)
    throw Error(Exit::kUsage, "'" + text + "': not 1 to 125 printable bytes");
}

GadgetTree tree_of(const GadgetSpec& spec) {
  const std::string serial =
      spec.serial.empty() ? derive_id(spec.machine, "serial number") : spec.serial;
  for (const std::string& text : {spec.manufacturer, spec.product, serial}) check_string(text);
  if (spec.functions.empty()) throw Error(Exit::kUsage, "a gadget needs at least one function");

  GadgetTree tree;
  tree.directories = {"", "configs/c.1", "configs/c.1/strings/0x409", "strings/0x409"};
  for (const GadgetFunction& function : spec.functions) add_function(tree, function, spec);
  // A device with an interface association descriptor must have the class EFh/02h/01h (USB
  // Interface Association Descriptor Device Class Code).
  const bool associated = std::ranges::any_of(spec.functions, [](const GadgetFunction& function) {
    return info_of(function.kind).associated;
  });
  for (const auto& [path, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bcdUSB", "0x0200"},
           {"bDeviceClass", associated ? "0xef" : "0x00"},
           {"bDeviceSubClass", associated ? "0x02" : "0x00"},
           {"bDeviceProtocol", associated ? "0x01" : "0x00"},
           {"idVendor", strf("0x%04x", spec.vendor_id)},
           {"idProduct", strf("0x%04x", spec.product_id)},
           {"bcdDevice", revision_of(spec.functions)},
           {"UDC", spec.udc},
           {"strings/0x409/manufacturer", spec.manufacturer},
           {"strings/0x409/product", spec.product},
           {"strings/0x409/serialnumber", serial},
           {"configs/c.1/strings/0x409/configuration", spec.product},
           {"configs/c.1/MaxPower", std::to_string(spec.max_power_ma)},
           {"configs/c.1/bmAttributes", attributes_of(spec)},
           // Written even when unused: a change that adds the signature later could not be undone,
           // because the kernel refuses to make a signature empty again.
           // The vendor code is below 0x80, because the kernel shows larger ones as 0xffffff….
           {"os_desc/b_vendor_code", "0x4b"},
           {"os_desc/qw_sign", "MSFT100"},
       })
    tree.attributes[path] = {value};
  tree.attributes.try_emplace("os_desc/use", GadgetAttribute{"0"});
  const bool any_speed = spec.max_speed.empty();
  tree.attributes["max_speed"] = {any_speed ? kAnySpeed : spec.max_speed, any_speed};
  return tree;
}

}  // namespace kvm
