#include "base/sysfs.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/io.h"

namespace kvm {

std::string sys_path(const std::string& path) {
  const char* const root = std::getenv("KVM_SYSFS_ROOT");
  return root ? root + path : path;
}

std::optional<std::string> read_attribute(const std::string& path) {
  try {
    std::string value = read_file(path, 1 << 16);
    // MAC addresses and Microsoft's identifiers also end with zero bytes.
    value.erase(value.find_last_not_of(std::string_view("\n\0", 2)) + 1);
    return value;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<std::string> list_directory(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace kvm
