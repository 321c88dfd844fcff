// Endpoints: how many the functions of a gadget need, and how many a controller has.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "usb/gadget_functions.h"

namespace kvm {

Endpoints endpoints_of(const GadgetFunction& function);
Endpoints endpoints_of(const std::vector<GadgetFunction>& functions);

// The endpoints of a controller, by the name of its driver; nullopt if we do not know the driver.
std::optional<Endpoints> endpoints_of_driver(std::string_view driver) noexcept;

// Throws Error (unavailable), which shows the sum, if the functions need more endpoints than
// `available`.
void check_endpoints(const std::vector<GadgetFunction>& functions, const Endpoints& available,
                     const std::string& controller);

}  // namespace kvm
