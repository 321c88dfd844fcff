// Reading what the kernel shows in /sys, /dev and /run. Tests put a folder in their place.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kvm {

// PATH below $KVM_SYSFS_ROOT, a folder in which tests play the machine; PATH itself if the variable
// is not set.
std::string sys_path(const std::string& path);

// The content of a sysfs or configfs file without the newlines and zero bytes at its end; nullopt
// if the file cannot be read.
std::optional<std::string> read_attribute(const std::string& path);

// The names in a directory, sorted; empty if the directory cannot be read.
std::vector<std::string> list_directory(const std::string& path);

}  // namespace kvm
