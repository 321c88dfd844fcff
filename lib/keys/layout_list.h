// The list of keyboard layouts.
#pragma once

#include <string>
#include <vector>

#include "keys/target.h"

namespace kvm {

struct LayoutName {
  std::string layout, variant;  // "us", "intl"; variant is empty for the plain layout
  std::string title;            // "English (US, intl., with dead keys)"
};
// The layouts of xkb-data (rules/evdev.lst), each followed by its variants. Throws Error if
// xkb-data is not installed.
std::vector<LayoutName> list_layouts();
// Those of list_layouts() whose keys on this target are known.
std::vector<LayoutName> list_layouts(Target target);
// "us:intl"
std::string to_text(const LayoutName& name);

}  // namespace kvm
