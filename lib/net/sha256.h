// SHA-256, by GnuTLS.
#pragma once

#include <string>
#include <string_view>

namespace kvm {

// The hash of `text` as 64 lower-case hex digits.
std::string sha256(std::string_view text);

}  // namespace kvm
