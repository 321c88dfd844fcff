// Reads what the kernel shows in /sys and /dev, and files in /run. Tests use a folder instead.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kvm {

// $KVM_SYSFS_ROOT followed by `path`; tests set that variable to a folder with which they simulate
// the machine. `path` itself if the variable is not set.
std::string sys_path(const std::string& path);

// The content of a sysfs or configfs file without the newlines and zero bytes at its end; nullopt
// if the file cannot be read.
std::optional<std::string> read_attribute(const std::string& path);

// The names in a directory, sorted; empty if the directory cannot be read.
std::vector<std::string> list_directory(const std::string& path);

}  // namespace kvm
