#include "keys/target.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace kvm {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"auto",    "linux", "console",
                                                    "windows", "mac",   "mac-iso"};

}  // namespace

std::string_view to_text(Target target) noexcept {
  return kNames[static_cast<std::size_t>(target)];
}

std::optional<Target> find_target(std::string_view name) noexcept {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Target>(found - kNames.begin());
}

LayoutAt parse_layout(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return {std::string(text)};
  const auto target = find_target(text.substr(at + 1));
  if (!target)
    throw Error(Exit::kUsage, "no such target: '" + printable(text.substr(at + 1)) + "'");
  return {std::string(text.substr(0, at)), *target};
}

std::string to_text(const LayoutAt& layout) {
  if (layout.target == Target::kAuto) return layout.layout;
  return layout.layout + "@" + std::string(to_text(layout.target));
}

std::string with_target_of(std::string_view layout, std::string_view other) {
  const auto at = other.find('@');
  if (layout.find('@') != std::string_view::npos || at == std::string_view::npos)
    return std::string(layout);
  return std::string(layout) + std::string(other.substr(at));
}

}  // namespace kvm
