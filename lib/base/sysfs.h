// Reading what the kernel tells in /sys, /dev and /run; tests put a folder in their place.
#pragma once

#include <optional>
#include <string>

namespace kvm {

// PATH below $KVM_SYSFS_ROOT, which tests set to a folder that plays the machine; PATH itself where
// it is not set.
std::string sys_path(const std::string& path);

// A sysfs or configfs file without the newlines and zero bytes at its end; nullopt where the file
// cannot be read.
std::optional<std::string> read_attribute(const std::string& path);

}  // namespace kvm
