#include "usb/gadget_functions.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace kvm {
namespace {

// In the order of FunctionKind.
const std::vector<FunctionInfo>& all_functions() {
  // A keyboard without an OUT endpoint receives its LEDs by SET_REPORT. The pre-boot environment of
  // Macs wants this, and it saves an endpoint. `wakeup_on_write` is a patch of some kernels.
  static const FunctionOption kNoOut{"no-out-endpoint", "no_out_endpoint", "1", true};
  static const FunctionOption kWakeup{"wakeup-on-write", "wakeup_on_write", "0", true};
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
       // cdrom and ro have no preset: they change only together with the image. A halted bulk
       // endpoint makes dwc2 lose the HID functions beside the drive, so the drive never stalls.
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
      // The target's playback, at 48 kHz in stereo. An adaptive sink without volume control costs
      // no IN endpoint.
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
      {FunctionKind::kControls,
       "controls",
       "hid.controls",
       {1, 0},
       {kNoOut, kWakeup},
       &kHidControls},
  };
  return kAll;
}

const FunctionInfo& info_of_name(std::string_view name) {
  std::string names;
  for (const FunctionInfo& info : all_functions()) {
    if (name == info.name) return info;
    names += std::string(" ") + info.name;
  }
  throw Error(Exit::kUsage, "no such function: " + std::string(name) + " (there are" + names + ")");
}

bool is_mac(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !std::isxdigit(static_cast<unsigned char>(text[i])))
      return false;
  }
  return true;
}

void check_option_name(const FunctionInfo& info, const std::string& name) {
  std::string names;
  for (const FunctionOption& option : info.options) {
    if (!*option.name) continue;
    if (name == option.name) return;
    names += std::string(names.empty() ? "" : ", ") + option.name;
  }
  throw Error(Exit::kUsage, std::string(info.name) + " has no option '" + name + "' (" +
                                (names.empty() ? "it has none" : names) + ")");
}

void check_option_value(const FunctionInfo& info, const std::string& name,
                        const std::string& value) {
  const auto refuse = [&](const char* why) {
    throw Error(Exit::kUsage, std::string(info.name) + ": " + name + "=" + value + ": " + why);
  };
  if (name == "type") {
    if (value != "ncm" && value != "ecm") refuse("neither ncm nor ecm");
  } else if (name.ends_with("-mac")) {
    if (!is_mac(value)) refuse("not a MAC address like 02:00:00:00:00:01");
  } else if (name == "rate") {
    const auto rate = parse_number<int>(value);
    if (!rate || *rate < 8000 || *rate > 192000) refuse("not a rate in Hz from 8000 to 192000");
  } else if (name == "image") {
    if (!value.starts_with('/')) refuse("not an absolute path");
  } else if (value != "0" && value != "1") {
    refuse("neither 0 nor 1");
  }
}

void check_together(const GadgetFunction& function) {
  if (function.option("cdrom") == "1" && function.option("ro") == "0")
    throw Error(Exit::kUsage, "disc: a CD-ROM cannot be written to (leave out cdrom or ro=0)");
}

}  // namespace

std::string GadgetFunction::option(const std::string& name) const {
  const auto found = options.find(name);
  return found == options.end() ? "" : found->second;
}

const FunctionInfo& info_of(FunctionKind kind) {
  return all_functions()[static_cast<std::size_t>(kind)];
}

const char* name_of(FunctionKind kind) noexcept {
  return info_of(kind).name;
}

std::string directory_of(const GadgetFunction& function) {
  if (function.kind == FunctionKind::kNetwork && function.option("type") == "ecm")
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
  if (name == "kvm")
    return {{Kind::kKeyboard}, {Kind::kPointer}, {Kind::kMouse}, {Kind::kControls}};
  if (name == "full")
    return {{Kind::kKeyboard}, {Kind::kPointer}, {Kind::kMouse},  {Kind::kControls},
            {Kind::kDisc},     {Kind::kSerial},  {Kind::kNetwork}};
  throw Error(Exit::kUsage,
              "no such profile: " + std::string(name) + " (there are kvm, keyboard and full)");
}

GadgetFunction parse_function(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  const FunctionInfo& info = info_of_name(name);
  GadgetFunction function{info.kind};
  if (name.size() == text.size()) return function;
  for (const std::string_view part : split(text.substr(name.size() + 1), ',')) {
    const std::size_t equals = part.find('=');
    const std::string key(part.substr(0, equals));
    const std::string value(equals == part.npos ? "1" : part.substr(equals + 1));
    check_option_name(info, key);
    check_option_value(info, key, value);
    function.options[key] = value;
  }
  check_together(function);
  return function;
}

bool has_function(const std::vector<GadgetFunction>& functions, FunctionKind kind) {
  return std::ranges::any_of(functions,
                             [&](const GadgetFunction& function) { return function.kind == kind; });
}

void add_function(std::vector<GadgetFunction>& functions, const GadgetFunction& function) {
  for (GadgetFunction& present : functions) {
    if (present.kind != function.kind) continue;
    for (const auto& [name, value] : function.options) present.options[name] = value;
    return check_together(present);
  }
  functions.push_back(function);
}

void remove_function(std::vector<GadgetFunction>& functions, FunctionKind kind) {
  std::erase_if(functions, [&](const GadgetFunction& function) { return function.kind == kind; });
}

}  // namespace kvm
