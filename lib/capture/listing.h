// The capture devices and what they offer, as text for people and as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "capture/v4l2_node.h"

namespace kvm {

// For "auto" returns all devices, beginning with the first of rank_nodes(). For any
// other `device`, which is a name for resolve_device(), returns only that device, and throws Error
// if it cannot be opened. For "auto" throws Error only if no device can be opened and permission
// for one is missing.
std::vector<V4l2Node> find_devices(const std::string& device, const V4l2Hints& hints);

// Lists identity, signal, formats with sizes and rates, and controls of each device, in many lines.
// Leaves out everything that a driver does not report; throws nothing.
std::string listed_as_text(const std::vector<V4l2Node>& nodes);
Json listed_as_json(const std::vector<V4l2Node>& nodes);

}  // namespace kvm
