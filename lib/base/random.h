// Random bytes that nobody can guess, and bytes as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kvm {

// `count` bytes of getrandom(2). Throws Error.
std::string random_bytes(std::size_t count);
// Two lower-case hex digits for each byte.
std::string hex(std::string_view bytes);

}  // namespace kvm
