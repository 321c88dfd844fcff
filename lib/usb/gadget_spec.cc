#include "usb/gadget_spec.h"

#include <crypt.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"
#include "usb/hid_descriptors.h"

namespace kvm {
namespace {

struct Option {
  const char* name;
  const char* attribute;  // below the function's directory; "": not one attribute's value
  const char* preset;     // written when nothing is asked for; nullptr: left as it is
  bool optional = false;  // the preset matters only where the kernel has the attribute
};

struct FunctionInfo {
  FunctionKind kind;
  const char* name;
  const char* directory;
  Endpoints endpoints;
  std::vector<Option> options;
  const HidFunction* hid = nullptr;
  bool associated = false;  // of several interfaces, with an interface association descriptor
};

// In the order of FunctionKind.
const std::vector<FunctionInfo>& all_functions() {
  // A keyboard without an OUT endpoint takes its LEDs by SET_REPORT: what the pre-boot environment
  // of Macs wants, and an endpoint less. `wakeup_on_write` is a patch that some kernels carry.
  static const Option kNoOut{"no-out-endpoint", "no_out_endpoint", "1", true};
  static const Option kWakeup{"wakeup-on-write", "wakeup_on_write", "0", true};
  static const std::vector<FunctionInfo> kAll = {
      {FunctionKind::kKeyboard,
       "keyboard",
       "hid.keyboard",
       {1, 0},
       {kNoOut, kWakeup},
       &kHidKeyboard},
      {FunctionKind::kPointer, "pointer", "hid.pointer", {1, 0}, {kNoOut, kWakeup}, &kHidPointer},
      {FunctionKind::kMouse, "mouse", "hid.mouse", {1, 0}, {kNoOut, kWakeup}, &kHidMouse},
      {FunctionKind::kDisc,
       "disc",
       "mass_storage.disc",
       {1, 1},
       // A medium brings its mode along. A halted bulk endpoint makes dwc2 lose the HID functions
       // beside it: never stall.
       {{"image", "lun.0/file", nullptr},
        {"cdrom", "lun.0/cdrom", nullptr},
        {"ro", "lun.0/ro", nullptr},
        {"removable", "lun.0/removable", "1"},
        {"stall", "stall", "0"}}},
      {FunctionKind::kSerial, "serial", "acm.serial", {2, 1}, {}, nullptr, true},
      {FunctionKind::kNetwork,
       "network",
       "ncm.network",
       {2, 1},
       {{"type", "", nullptr},
        {"device-mac", "dev_addr", nullptr},
        {"host-mac", "host_addr", nullptr}},
       nullptr,
       true},
      // What the target plays, at 48 kHz in stereo. Adaptive and without volume control, so that it
      // costs no IN endpoint.
      {FunctionKind::kAudio,
       "audio",
       "uac2.audio",
       {0, 1},
       {{"", "c_chmask", "3"},
        {"", "p_chmask", "0"},
        {"rate", "c_srate", "48000"},
        {"", "c_sync", "adaptive", true},
        {"", "c_mute_present", "0", true},
        {"", "c_volume_present", "0", true}},
       nullptr,
       true},
  };
  return kAll;
}

const FunctionInfo& info_of(FunctionKind kind) {
  return all_functions()[static_cast<std::size_t>(kind)];
}

std::string option(const GadgetFunction& function, const std::string& name) {
  const auto found = function.options.find(name);
  return found == function.options.end() ? "" : found->second;
}

bool has_option(FunctionKind kind, std::string_view name) {
  const auto& options = info_of(kind).options;
  return !name.empty() && std::any_of(options.begin(), options.end(),
                                      [&](const Option& option) { return name == option.name; });
}

bool is_mac(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !std::isxdigit(static_cast<unsigned char>(text[i])))
      return false;
  }
  return true;
}

// One that no manufacturer has: locally administered, not multicast.
std::string derive_mac(const std::string& machine, const std::string& purpose) {
  const std::string id = derive_id(machine, purpose);
  std::string mac = "02";
  for (std::size_t i = 0; i < 10; i += 2) mac += ":" + id.substr(i, 2);
  return mac;
}

void check_option(const FunctionInfo& info, const std::string& name, const std::string& value) {
  const std::string what = std::string(info.name) + ": " + name + "=" + value + ": ";
  const auto refuse = [&](const char* why) { throw Error(Exit::kUsage, what + why); };
  if (name == "type") {
    if (value != "ncm" && value != "ecm") refuse("ncm or ecm");
  } else if (name.ends_with("-mac")) {
    if (!is_mac(value)) refuse("not a MAC address like 02:00:00:00:00:01");
  } else if (name == "rate") {
    const auto rate = parse_number<int>(value);
    if (!rate || *rate < 8000 || *rate > 192000) refuse("a rate in Hz from 8000 to 192000");
  } else if (name == "image") {
    if (!value.starts_with('/')) refuse("a path from / is needed");
  } else if (value != "0" && value != "1") {
    refuse("0 or 1");
  }
}

void add_attributes(GadgetTree& tree, const GadgetFunction& function, const GadgetSpec& spec) {
  const FunctionInfo& info = info_of(function.kind);
  const std::string directory = "functions/" + directory_of(function) + "/";
  tree.directories.insert(directory.substr(0, directory.size() - 1));
  for (const Option& known : info.options) {
    if (*known.attribute == '\0') continue;
    const std::string attribute = directory + known.attribute;
    const auto asked = function.options.find(known.name);
    if (asked != function.options.end())
      // "0" is how a kernel without the attribute behaves.
      tree.attributes[attribute] = {asked->second, known.optional && asked->second == "0"};
    else if (known.preset)
      tree.attributes[attribute] = {known.preset, known.optional};
  }
  if (info.hid) {
    if (spec.remote_wakeup && !function.options.contains("wakeup-on-write"))
      tree.attributes[directory + "wakeup_on_write"] = {"1", true};
    tree.attributes[directory + "subclass"] = {std::to_string(info.hid->subclass)};
    tree.attributes[directory + "protocol"] = {std::to_string(info.hid->protocol)};
    tree.attributes[directory + "report_length"] = {std::to_string(info.hid->report_bytes)};
    tree.attributes[directory + "report_desc"] = {std::string(as_text(info.hid->descriptor))};
  }
  if (function.kind == FunctionKind::kDisc) {
    if (function.options.contains("image")) {
      tree.attributes.try_emplace(directory + "lun.0/cdrom", GadgetAttribute{"0"});
      tree.attributes.try_emplace(directory + "lun.0/ro", GadgetAttribute{"1"});
    }
    // The kernel makes a CD-ROM read-only by itself.
    if (option(function, "cdrom") == "1") tree.attributes[directory + "lun.0/ro"] = {"1"};
  }
  if (function.kind == FunctionKind::kNetwork) {
    tree.attributes.try_emplace(directory + "dev_addr",
                                GadgetAttribute{derive_mac(spec.machine, "device mac")});
    tree.attributes.try_emplace(directory + "host_addr",
                                GadgetAttribute{derive_mac(spec.machine, "host mac")});
    for (const char* name : {"dev_addr", "host_addr"}) {
      std::string& mac = tree.attributes[directory + name].value;
      std::transform(mac.begin(), mac.end(), mac.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
  }
}

// Windows loads its NCM driver for what names itself so in a Microsoft OS 1.0 descriptor (Windows
// 10 and newer; unproven on a real host).
void add_os_descriptors(GadgetTree& tree, const std::string& function) {
  tree.attributes["os_desc/use"] = {"1"};
  tree.attributes["functions/" + function + "/os_desc/interface.ncm/compatible_id"] = {"WINNCM"};
  tree.links["os_desc/c.1"] = "configs/c.1";
}

void check_together(const GadgetFunction& function) {
  if (option(function, "cdrom") == "1" && option(function, "ro") == "0")
    throw Error(Exit::kUsage, "disc: a CD-ROM cannot be written to (leave out cdrom or ro=0)");
}

}  // namespace

const char* name_of(FunctionKind kind) noexcept {
  return info_of(kind).name;
}

std::string directory_of(const GadgetFunction& function) {
  if (function.kind == FunctionKind::kNetwork && option(function, "type") == "ecm")
    return "ecm.network";
  return info_of(function.kind).directory;
}

std::optional<FunctionKind> kind_of_directory(std::string_view name) noexcept {
  if (name == "ecm.network") return FunctionKind::kNetwork;
  for (const FunctionInfo& info : all_functions())
    if (name == info.directory) return info.kind;
  return std::nullopt;
}

std::vector<GadgetFunction> profile(std::string_view name) {
  using Kind = FunctionKind;
  if (name == "keyboard") return {{Kind::kKeyboard}};
  if (name == "kvm") return {{Kind::kKeyboard}, {Kind::kPointer}, {Kind::kMouse}};
  if (name == "full")
    return {{Kind::kKeyboard}, {Kind::kPointer}, {Kind::kMouse},
            {Kind::kDisc},     {Kind::kSerial},  {Kind::kNetwork}};
  throw Error(Exit::kUsage,
              "no such profile: " + std::string(name) + " (there are kvm, keyboard and full)");
}

GadgetFunction parse_function(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  const auto info = std::find_if(all_functions().begin(), all_functions().end(),
                                 [&](const FunctionInfo& known) { return name == known.name; });
  if (info == all_functions().end()) {
    std::string names;
    for (const FunctionInfo& known : all_functions()) names += std::string(" ") + known.name;
    throw Error(Exit::kUsage,
                "no such function: " + std::string(name) + " (there are" + names + ")");
  }
  GadgetFunction function{info->kind};
  if (name.size() == text.size()) return function;
  for (const std::string_view part : split(text.substr(name.size() + 1), ',')) {
    const std::size_t equals = part.find('=');
    const std::string key(part.substr(0, equals));
    const std::string value(equals == part.npos ? "1" : part.substr(equals + 1));
    if (!has_option(info->kind, key)) {
      std::string names;
      for (const Option& one : info->options)
        if (*one.name) names += std::string(names.empty() ? "" : ", ") + one.name;
      throw Error(Exit::kUsage, std::string(info->name) + " has no option '" + key + "' (" +
                                    (names.empty() ? "it has none" : names) + ")");
    }
    check_option(*info, key, value);
    function.options[key] = value;
  }
  check_together(function);
  return function;
}

void add_function(std::vector<GadgetFunction>& functions, const GadgetFunction& function) {
  for (GadgetFunction& there : functions) {
    if (there.kind != function.kind) continue;
    for (const auto& [name, value] : function.options) there.options[name] = value;
    return check_together(there);
  }
  functions.push_back(function);
}

void check_string(const std::string& text) {
  // The kernel counts the newline too (USB_MAX_STRING_LEN of usb_string_copy, configfs.c).
  if (text.empty() || text.size() > 125 || printable(text) != text)
    throw Error(Exit::kUsage, "'" + text + "': 1 to 125 printable bytes");
}

GadgetTree tree_of(const GadgetSpec& spec) {
  const std::string serial =
      spec.serial.empty() ? derive_id(spec.machine, "serial number") : spec.serial;
  for (const std::string& text : {spec.manufacturer, spec.product, serial}) check_string(text);
  if (spec.functions.empty()) throw Error(Exit::kUsage, "a gadget without a function is none");

  GadgetTree tree;
  tree.directories = {"", "configs/c.1", "configs/c.1/strings/0x409", "strings/0x409"};
  int set = 0;
  bool associated = false;
  for (const GadgetFunction& function : spec.functions) {
    add_attributes(tree, function, spec);
    const std::string directory = directory_of(function);
    tree.links["configs/c.1/" + directory] = "functions/" + directory;
    if (directory.starts_with("ncm.")) add_os_descriptors(tree, directory);
    set |= 1 << static_cast<int>(function.kind);
    associated = associated || info_of(function.kind).associated;
  }
  // Windows remembers per vendor, product and revision what a device is made of: each set of
  // functions is a revision of its own, in BCD.
  const std::string revision = strf("0x1%03d", set);
  // An interface association descriptor wants the device to be of the class for it (USB IAD device
  // class code: EFh/02h/01h).
  for (const auto& [path, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bcdUSB", "0x0200"},
           {"bDeviceClass", associated ? "0xef" : "0x00"},
           {"bDeviceSubClass", associated ? "0x02" : "0x00"},
           {"bDeviceProtocol", associated ? "0x01" : "0x00"},
           {"idVendor", strf("0x%04x", spec.vendor_id)},
           {"idProduct", strf("0x%04x", spec.product_id)},
           {"bcdDevice", revision},
           {"UDC", spec.udc},
           {"strings/0x409/manufacturer", spec.manufacturer},
           {"strings/0x409/product", spec.product},
           {"strings/0x409/serialnumber", serial},
           {"configs/c.1/strings/0x409/configuration", spec.product},
           {"configs/c.1/MaxPower", std::to_string(spec.max_power_ma)},
           {"configs/c.1/bmAttributes", spec.remote_wakeup ? "0xa0" : "0x80"},
       })
    tree.attributes[path] = {value};
  // These two are there even when unused, as the kernel never takes an empty signature back. A code
  // above 0x7f would read as 0xffffff….
  tree.attributes["os_desc/b_vendor_code"] = {"0x4b"};
  tree.attributes["os_desc/qw_sign"] = {"MSFT100"};
  tree.attributes.try_emplace("os_desc/use", GadgetAttribute{"0"});
  return tree;
}

Endpoints endpoints_of(const GadgetFunction& function) {
  Endpoints needs = info_of(function.kind).endpoints;
  if (option(function, "no-out-endpoint") == "0") ++needs.out;
  return needs;
}

Endpoints endpoints_of(const std::vector<GadgetFunction>& functions) {
  Endpoints sum;
  for (const GadgetFunction& function : functions) {
    sum.in += endpoints_of(function).in;
    sum.out += endpoints_of(function).out;
  }
  return sum;
}

std::optional<Endpoints> endpoints_of_driver(std::string_view driver) noexcept {
  struct Known {
    std::string_view driver;
    Endpoints endpoints;
  };
  // dwc2 wants a transmit FIFO for each IN endpoint (dwc2_hsotg_tx_fifo_count): the Raspberry Pis'
  // have seven (g-tx-fifo-size of bcm283x-rpi-usb-peripheral.dtsi). Others may have fewer, the
  // SG2002 six (num_dev_in_eps in debugfs's usb/*/hw_params): binding fails then.
  // usbip-vudc: init_vudc_hw of vudc_dev.c. dummy_udc's depend on what they shall carry.
  static constexpr Known kKnown[] = {{"dwc2", {7, 7}}, {"usbip-vudc", {15, 15}}};
  for (const Known& known : kKnown)
    if (known.driver == driver) return known.endpoints;
  return std::nullopt;
}

void check_endpoints(const std::vector<GadgetFunction>& functions, const Endpoints& available,
                     const std::string& controller) {
  const Endpoints sum = endpoints_of(functions);
  std::string in, out;
  for (const GadgetFunction& function : functions) {
    const Endpoints needs = endpoints_of(function);
    const char* name = name_of(function.kind);
    if (needs.in) in += strf("%s%s %d", in.empty() ? "" : " + ", name, needs.in);
    if (needs.out) out += strf("%s%s %d", out.empty() ? "" : " + ", name, needs.out);
  }
  const bool too_many_in = sum.in > available.in;
  if (!too_many_in && sum.out <= available.out) return;
  throw Error(Exit::kUnavailable,
              strf("%s has %d %s endpoints: %s = %d (leave a function out)", controller.c_str(),
                   too_many_in ? available.in : available.out, too_many_in ? "IN" : "OUT",
                   too_many_in ? in.c_str() : out.c_str(), too_many_in ? sum.in : sum.out));
}

std::string derive_id(const std::string& machine, const std::string& purpose) {
  // crypt(3) is a one-way function that we link anyway: SHA-256, few rounds, a salt of our own.
  const auto data = std::make_unique<crypt_data>();
  const std::string phrase = purpose + "\n" + machine;
  const char* hashed = crypt_r(phrase.c_str(), "$5$rounds=1000$kvmpi.usb.gadget$", data.get());
  if (!hashed || *hashed == '*') throw Error::from_errno("crypt: SHA-256");
  // The last 43 characters carry 6 bits each.
  static constexpr std::string_view kAlphabet =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::string_view code =
      std::string_view(hashed).substr(std::string_view(hashed).size() - 43);
  std::string id;
  for (std::size_t i = 0; i < 16; i += 2)
    id += strf("%03zx", (kAlphabet.find(code[i]) << 6 | kAlphabet.find(code[i + 1])) & 0xfff);
  return id;
}

}  // namespace kvm
