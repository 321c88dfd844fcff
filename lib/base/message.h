// Messages for people: one line on stderr that starts with the name of the tool.
#pragma once

#include <string_view>

namespace kvm {

// Writes "kvm-capture: TEXT\n" with one write(2). TEXT is made printable(), because it may contain
// names of files and devices. A failed write, for example to a closed stderr, is ignored.
void say(std::string_view text) noexcept;

}  // namespace kvm
