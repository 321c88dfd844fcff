// What a tool says to people: one line on stderr, in one write, named after the tool.
#pragma once

#include <string_view>

namespace kvm {

// "kvm-capture: TEXT\n", with TEXT made printable(): names of files and devices come as they are.
// Never throws; a closed stderr is nobody's error.
void say(std::string_view text) noexcept;

}  // namespace kvm
