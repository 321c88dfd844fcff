#include "usb/endpoints.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

Endpoints endpoints_of(const GadgetFunction& function) {
  Endpoints needs = info_of(function.kind).endpoints;
  if (function.option("no-out-endpoint") == "0") ++needs.out;
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
  // dwc2 needs a transmit FIFO for each IN endpoint (dwc2_hsotg_tx_fifo_count). Raspberry Pis have
  // seven (g-tx-fifo-size in bcm283x-rpi-usb-peripheral.dtsi). Other boards may have fewer, such as
  // the SG2002 with six (num_dev_in_eps in debugfs's usb/*/hw_params); there the gadget cannot be
  // bound. For usbip-vudc see init_vudc_hw in vudc_dev.c. dummy_udc has no fixed number: its
  // endpoints differ in what they can carry.
  static constexpr Known kKnown[] = {{"dwc2", {7, 7}}, {"usbip-vudc", {15, 15}}};
  for (const Known& known : kKnown)
    if (known.driver == driver) return known.endpoints;
  return std::nullopt;
}

void check_endpoints(const std::vector<GadgetFunction>& functions, const Endpoints& available,
                     const std::string& controller) {
  for (const auto& [name, count] :
       {std::pair("IN", &Endpoints::in), std::pair("OUT", &Endpoints::out)}) {
    const int needed = endpoints_of(functions).*count;
    if (needed <= available.*count) continue;
    std::string sum;
    for (const GadgetFunction& function : functions)
      if (const int share = endpoints_of(function).*count)
        sum += strf("%s%s %d", sum.empty() ? "" : " + ", name_of(function.kind), share);
    throw Error(Exit::kUnavailable,
                strf("%s has %d %s endpoints: %s = %d", controller.c_str(), available.*count, name,
                     sum.c_str(), needed),
                "leave a function out");
  }
}

}  // namespace kvm
