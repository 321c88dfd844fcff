#include "keys/compose.h"

#include <algorithm>

#include "base/text.h"
#include "keys/agreement.h"

namespace kvm {
namespace {

constexpr std::uint8_t kUsageSpace = 0x2c;

// Tries every sequence of the layout's keys against a Compose table.
class ComposeSearch {
 public:
  ComposeSearch(xkb_compose_table* table, std::vector<Step> steps, const Agreement& agreement,
                CharacterTable& found)
      : state_(xkb_compose_state_new(table, XKB_COMPOSE_STATE_NO_FLAGS)),
        steps_(std::move(steps)),
        agreement_(agreement),
        found_(found) {}

  // Finds the sequences of exactly `length` strokes. Shorter sequences must have been found before.
  void find(std::size_t length) {
    std::vector<const Step*> path;
    extend(path, length);
  }

 private:
  xkb_compose_status feed(const std::vector<const Step*>& path) {
    xkb_compose_state_reset(state_.get());
    for (const Step* step : path) xkb_compose_state_feed(state_.get(), step->keysym);
    return xkb_compose_state_get_status(state_.get());
  }

  void extend(std::vector<const Step*>& path, std::size_t length) {
    for (const Step& step : steps_) {
      if (step.interrupts && !path.empty() && path.back()->stroke.held != step.stroke.held)
        continue;
      path.push_back(&step);
      const auto status = feed(path);
      if (status == XKB_COMPOSE_COMPOSING && path.size() < length) extend(path, length);
      if (status == XKB_COMPOSE_COMPOSED && path.size() == length) take(path);
      path.pop_back();
    }
  }

  void take(const std::vector<const Step*>& path) {
    char text[16];
    const int size = xkb_compose_state_get_utf8(state_.get(), text, sizeof text);
    if (size <= 0 || size >= static_cast<int>(sizeof text)) return;
    std::string_view left(text, static_cast<std::size_t>(size));
    const auto character = take_utf8(left);
    if (!character || !left.empty()) return;
    const auto known = found_.find(*character);
    int agreed = 0;
    if (known != found_.end()) {
      if (path.size() > 2 || path[0]->keysym == XKB_KEY_Multi_key) return;
      agreed = agreement_.of(*character, known->second);
      if (agreed >= agreement_.best()) return;
    }
    Strokes strokes;
    for (const Step* step : path) {
      // Keys that the next stroke also holds stay down, as when a person types.
      if (!strokes.empty()) strokes.back().keep_held = strokes.back().held == step->stroke.held;
      strokes.push_back(step->stroke);
    }
    if (known == found_.end() || agreement_.of(*character, strokes) > agreed)
      found_.insert_or_assign(*character, std::move(strokes));
  }

  XkbComposeState state_;
  std::vector<Step> steps_;
  const Agreement& agreement_;
  CharacterTable& found_;
};

}  // namespace

void add_composed(xkb_context* context, const KeysymTable& keys, const Agreement& agreement,
                  CharacterTable& found) {
  const XkbComposeTable table = load_compose(context);
  if (!table) return;
  std::vector<Step> steps;
  for (const auto& [keysym, step] : keys) steps.push_back(step);
  // On every system a dead key followed by the space bar gives the accent itself, so space comes
  // first. Otherwise simpler strokes are preferred.
  std::ranges::sort(steps, {}, [](const Step& step) {
    return std::tuple(step.stroke.key != kUsageSpace, cost(step.stroke), step.stroke.key);
  });
  ComposeSearch search(table.get(), std::move(steps), agreement, found);
  for (std::size_t length = 2; length <= 4; ++length) search.find(length);
}

}  // namespace kvm
