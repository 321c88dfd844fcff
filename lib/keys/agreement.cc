#include "keys/agreement.h"

#include <algorithm>
#include <array>

namespace kvm {
namespace {

constexpr std::uint8_t kLeftShift = 0xe1;

bool holds_shift_at_most(const Stroke& stroke) {
  return std::ranges::all_of(stroke.held,
                             [](auto held) { return held == 0 || held == kLeftShift; });
}

// Whether most keys without modifiers give the same.
bool is_same_keyboard(const TargetKeys& keys, const CharacterTable& plain) {
  std::size_t all = 0, same = 0;
  for (const auto& [character, strokes] : plain) {
    if (strokes.size() != 1 || strokes[0].held[0] != 0) continue;
    ++all;
    if (keys.typed(strokes) == character) ++same;
  }
  return same * 4 >= all * 3;
}

}  // namespace

Agreement::Agreement(std::string_view layout, const CharacterTable& plain) {
  // There are more targets with Windows than with kbd's keymaps: Debian's and Fedora's consoles
  // have XKB's layouts. macOS decides last, because its layouts differ in many more keys.
  constexpr std::array<std::pair<Target, int>, 3> kWeights = {
      {{Target::kWindows, 4}, {Target::kConsole, 2}, {Target::kMac, 1}}};
  for (const auto& [target, weight] : kWeights) {
    auto keys = TargetKeys::find(target, layout);
    if (!keys || !is_same_keyboard(*keys, plain)) continue;
    systems_.push_back({target, weight, std::move(*keys)});
    if (target != Target::kMac) best_ += 2 * weight;
  }
  best_ = std::max(best_, 1);
}

int Agreement::of(char32_t character, const Strokes& strokes) const {
  if (best_ == 0) return 0;
  if (systems_.empty()) return std::ranges::all_of(strokes, holds_shift_at_most) ? 1 : 0;
  int sum = 0;
  for (const System& system : systems_) {
    if (system.keys.typed(strokes) == character)
      sum += 2 * system.weight;
    else if (system.keys.waits(strokes) == character)
      sum += system.weight;
  }
  return sum;
}

std::vector<Target> Agreement::against(char32_t character, const Strokes& strokes,
                                       Stroke next) const {
  std::vector<Target> found;
  for (const System& system : systems_) {
    if (system.target == Target::kMac || system.keys.typed(strokes) == character) continue;
    const bool is_given_by_next =
        system.keys.waits(strokes) == character && system.keys.follows(strokes[0], next);
    if (!is_given_by_next) found.push_back(system.target);
  }
  return found;
}

}  // namespace kvm
