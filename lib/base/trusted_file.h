// Files on which the server's security depends: only root and this user may change or replace them.
#pragma once

#include <cstddef>
#include <string>

namespace kvm {

// Throws Error if users other than root and this one may replace `path`: in its folder or, if it is
// a symbolic link, in the folder of any file that it leads to. (The sticky bit protects a folder
// that others may write to.)
void check_way(const std::string& path);

enum class Secrecy { kAnybodyReads, kSecret };

// Returns the content of a regular file. Throws Error for any other file, which might never end, if
// other users may change or replace the file, or if it is secret and everybody may read it.
std::string read_trusted_file(const std::string& path, Secrecy secrecy = Secrecy::kAnybodyReads,
                              std::size_t limit_bytes = 4u << 20);

// Whether root or this user owns a file.
bool is_trusted_owner(unsigned uid) noexcept;

}  // namespace kvm
