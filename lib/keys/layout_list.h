// The layouts that there are.
#pragma once

#include <string>
#include <vector>

namespace kvm {

struct LayoutName {
  std::string layout, variant;  // "us", "intl"; variant is empty for the plain layout
  std::string title;            // "English (US, intl., with dead keys)"
};
// What xkb-data has (rules/evdev.lst), each layout followed by its variants. Throws Error.
std::vector<LayoutName> list_layouts();

}  // namespace kvm
