#include "keys/leds.h"

#include <algorithm>

namespace kvm {

Leds leds_from_report(std::uint8_t report) noexcept {
  return {(report & 1) != 0, (report & 2) != 0, (report & 4) != 0};
}

std::vector<std::string> names_of(const Leds& leds) {
  std::vector<std::string> names;
  if (leds.caps) names.push_back("caps");
  if (leds.num) names.push_back("num");
  if (leds.scroll) names.push_back("scroll");
  return names;
}

Leds leds_named(const std::vector<std::string>& names) {
  const auto lit = [&](const char* name) { return std::ranges::count(names, name) > 0; };
  return {lit("num"), lit("caps"), lit("scroll")};
}

}  // namespace kvm
