#include "usb/gadget_status.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/sysfs.h"
#include "base/text.h"
#include "usb/endpoints.h"
#include "usb/hid_memory.h"

namespace kvm {
namespace {

namespace fs = std::filesystem;

// Our end of a function: a device node or a network interface; "" if it has neither.
std::string node_of(const Gadget& gadget, const std::string& function) {
  const std::string directory = gadget.path("functions/" + function) + "/";
  if (const auto number = read_attribute(directory + "dev")) {
    std::error_code error;
    const std::string name =
        fs::read_symlink(sys_path("/sys/dev/char/" + *number), error).filename();
    return name.empty() ? "" : "/dev/" + name;
  }
  if (const auto port = read_attribute(directory + "port_num")) return "/dev/ttyGS" + *port;
  const std::string interface = read_attribute(directory + "ifname").value_or("");
  // Until the gadget is bound this is "(unnamed net_device)" or a pattern such as "usb%d".
  return interface.find_first_of("(%") == interface.npos ? interface : "";
}

}  // namespace

std::string GadgetStatus::state() const {
  if (!exists) return "no gadget";
  if (!udc) return "no controller";
  return udc->state;
}

bool GadgetStatus::configured() const {
  return state() == "configured" || state() == "suspended";
}

bool GadgetStatus::has_keyboard() const {
  return std::ranges::any_of(functions,
                             [](const Function& function) { return function.name == "keyboard"; });
}

GadgetStatus read_status(const Gadget& gadget) {
  GadgetStatus status;
  const GadgetTree tree = gadget.read();
  status.exists = tree.directories.contains("");
  for (const Udc& udc : list_udcs())
    if (udc.name == tree.value("UDC")) status.udc = udc;
  if (status.udc) status.available = endpoints_of_driver(status.udc->driver);
  for (const auto& [path, target] : tree.links) {
    if (!target.starts_with("functions/")) continue;
    const std::string directory = target.substr(target.find('/') + 1);
    const auto kind = kind_of_directory(directory);
    status.functions.push_back({kind ? name_of(*kind) : directory, node_of(gadget, directory)});
    if (!kind) continue;
    GadgetFunction function{*kind};
    if (directory.starts_with("hid.") && tree.value(target + "/no_out_endpoint") != "1")
      function.options["no-out-endpoint"] = "0";
    status.endpoints.in += endpoints_of(function).in;
    status.endpoints.out += endpoints_of(function).out;
  }
  if (tree.directories.contains(kDrive)) status.disc = medium_in(tree);
  if (const auto report = remembered_leds(); report && status.configured() && status.has_keyboard())
    status.leds = leds_from_report(*report);
  return status;
}

namespace {

// "caps num", "none lit", "unknown"
std::string describe(const std::optional<Leds>& leds) {
  if (!leds) return "unknown";
  std::string text;
  for (const std::string& name : names_of(*leds)) text += (text.empty() ? "" : " ") + name;
  return text.empty() ? "none lit" : text;
}

}  // namespace

std::string describe(const GadgetStatus& status) {
  std::string text = status.state();
  if (status.udc) text += ", " + status.udc->speed + ", on " + status.udc->name;
  for (const GadgetStatus::Function& function : status.functions) {
    const bool is_disc = function.name == "disc" && status.disc;
    text += strf("\n%-9s %s", function.name.c_str(),
                 is_disc ? describe(*status.disc).c_str() : function.node.c_str());
    text.erase(text.find_last_not_of(' ') + 1);
  }
  if (!status.exists) return text;
  if (status.configured() && status.has_keyboard()) text += "\nleds      " + describe(status.leds);
  text += strf("\nendpoints %d in, %d out", status.endpoints.in, status.endpoints.out);
  if (status.available) text += strf(" of %d, %d", status.available->in, status.available->out);
  return text;
}

std::string summarize(const GadgetStatus& status) {
  std::string text = status.state();
  if (status.udc && status.configured()) text += ", " + status.udc->speed;
  if (status.leds) text += ", leds " + describe(status.leds);
  if (status.disc) text += ", disc " + describe(*status.disc);
  return text;
}

Json to_json(const GadgetStatus& status) {
  const auto endpoints = [](const Endpoints& count) {
    return Json::object({{"in", count.in}, {"out", count.out}});
  };
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? Json() : Json(text);
  };
  std::vector<Json> functions;
  for (const GadgetStatus::Function& function : status.functions)
    functions.push_back(
        Json::object({{"name", function.name}, {"node", text_or_null(function.node)}}));
  Json disc;
  if (status.disc)
    disc = Json::object({{"image", text_or_null(status.disc->image)},
                         {"cdrom", status.disc->mode == DiscMode::kCdrom},
                         {"writable", status.disc->mode == DiscMode::kWritable}});
  const auto& udc = status.udc;
  return Json::object({
      {"t", unix_us()},
      {"state", status.state()},
      {"configured", status.configured()},
      {"udc", udc ? Json(udc->name) : Json()},
      {"driver", udc ? Json(udc->driver) : Json()},
      {"speed", udc ? Json(udc->speed) : Json()},
      {"functions", Json::array(functions)},
      {"endpoints", endpoints(status.endpoints)},
      {"available", status.available ? endpoints(*status.available) : Json()},
      {"disc", disc},
      {"leds", status.leds ? Json::array_of(names_of(*status.leds)) : Json()},
  });
}

}  // namespace kvm
