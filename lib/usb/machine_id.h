// The identity of this machine, and the serial number and MAC addresses that come from it.
#pragma once

#include <string>

namespace kvm {

// A text that belongs to this machine only and stays the same: machine-id(5), or the board's serial
// number, or else an id that lasts until the next boot. Throws Error if there is none of these.
std::string machine_identity();

// 96 bits as lower-case hex. They differ for different machines and purposes, and reveal nothing
// about `machine`.
std::string derive_id(const std::string& machine, const std::string& purpose);

// "02:xx:xx:xx:xx:xx", derived in the same way: a locally administered unicast address, which no
// manufacturer assigns.
std::string derive_mac(const std::string& machine, const std::string& purpose);

}  // namespace kvm
