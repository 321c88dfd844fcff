// The list of keyboard layouts.
#pragma once

#include <string>
#include <vector>

namespace kvm {

struct LayoutName {
  std::string layout, variant;  // "us", "intl"; variant is empty for the plain layout
  std::string title;            // "English (US, intl., with dead keys)"
};
// The layouts of xkb-data (rules/evdev.lst), each followed by its variants. Throws Error if
// xkb-data is not installed.
std::vector<LayoutName> list_layouts();

}  // namespace kvm
