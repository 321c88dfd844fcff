// The capture devices and what they offer, as text for people and as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "capture/v4l2_node.h"

namespace kvm {

// All devices, first the one that "auto" chooses; or, with another `device`, only that one (as
// resolve_device() takes it). Throws Error if a device cannot be opened: with "auto", only if there
// is no other.
std::vector<V4l2Node> find_devices(const std::string& device, const V4l2Hints& hints);

// Identity, signal, formats with sizes and rates, controls; many lines. Throws nothing: what a
// driver does not answer is left out.
std::string listed_as_text(const std::vector<V4l2Node>& nodes);
Json listed_as_json(const std::vector<V4l2Node>& nodes);

}  // namespace kvm
