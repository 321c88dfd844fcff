#include "hub/held.h"

#include <algorithm>

#include "base/text.h"

namespace kvm {

namespace {

constexpr const char* kButtons[] = {"left", "right", "middle", "back", "forward"};  // by Button

std::string name_of(const KeyName& key) {
  return key.code != 0 ? strf("k:%d", key.code) : "x:" + key.keysym;
}

}  // namespace

// The keys or the button of an action that presses or releases; empty for other verbs.
std::vector<Held::Item> Held::items_of(const Action& action) {
  std::vector<Item> items;
  if (action.verb == Verb::kKeyDown || action.verb == Verb::kKeyUp) {
    for (const Chord& chord : action.chords)
      for (const KeyName& key : chord.keys) items.emplace_back(Verb::kKeyUp, name_of(key));
  } else if (action.verb == Verb::kButtonDown || action.verb == Verb::kButtonUp) {
    items.emplace_back(Verb::kButtonUp, kButtons[static_cast<int>(action.button)]);
  }
  return items;
}

void Held::apply(ViewerId viewer, const Action& action, std::int64_t now_us) {
  if (action.verb == Verb::kReleaseAll) return clear();
  auto& [items, heard_us] = viewers_[viewer];
  for (Item& item : items_of(action))
    if (action.verb == item.first)
      items.erase(item);
    else
      items.insert(std::move(item));
  heard_us = now_us;
  if (items.empty()) viewers_.erase(viewer);
}

bool Held::releases(ViewerId viewer, const Action& action) const {
  if (action.verb == Verb::kReleaseAll) return !empty();
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end()) return false;
  return std::ranges::any_of(items_of(action), [&](const Item& item) {
    return action.verb == item.first && found->second.items.contains(item);
  });
}

std::vector<std::string> Held::release(ViewerId viewer) {
  std::vector<std::string> lines;
  const auto node = viewers_.extract(viewer);
  if (!node) return lines;
  for (const Item& item : node.mapped().items) {
    const bool others_hold = std::ranges::any_of(
        viewers_, [&](const auto& other) { return other.second.items.contains(item); });
    if (!others_hold)
      lines.push_back((item.first == Verb::kKeyUp ? "keyup " : "buttonup ") + item.second);
  }
  return lines;
}

void Held::heard(ViewerId viewer, std::int64_t now_us) {
  if (const auto found = viewers_.find(viewer); found != viewers_.end())
    found->second.heard_us = now_us;
}

std::vector<ViewerId> Held::silent(std::int64_t since_us) const {
  std::vector<ViewerId> found;
  for (const auto& [id, viewer] : viewers_)
    if (viewer.heard_us < since_us) found.push_back(id);
  return found;
}

}  // namespace kvm
