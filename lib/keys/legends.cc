#include "keys/legends.h"

#include <algorithm>

#include "base/text.h"
#include "keys/target.h"
#include "keys/xkb.h"

namespace kvm {

namespace {

// Pressing a dead key twice gives its accent alone. 0: the key has no accent.
char32_t accent_of(xkb_compose_table* table, xkb_keysym_t keysym) {
  if (!table) return 0;
  const XkbComposeState state(xkb_compose_state_new(table, XKB_COMPOSE_STATE_NO_FLAGS));
  xkb_compose_state_feed(state.get(), keysym);
  xkb_compose_state_feed(state.get(), keysym);
  if (xkb_compose_state_get_status(state.get()) != XKB_COMPOSE_COMPOSED) return 0;
  return xkb_keysym_to_utf32(xkb_compose_state_get_one_sym(state.get()));
}

std::string printed(xkb_compose_table* table, xkb_keysym_t keysym) {
  char32_t character = xkb_keysym_to_utf32(keysym);
  if (character == 0) character = accent_of(table, keysym);
  const bool visible = character > U' ' && !(character >= 0x7f && character <= 0xa0);
  std::string text;
  if (visible) append_utf8(text, character);
  return text;
}

}  // namespace

std::vector<Legend> legends(const std::string& layout) {
  const XkbContext context = make_xkb_context();
  const XkbKeymap keymap = compile_layout(context.get(), parse_layout(layout).layout);
  const XkbComposeTable table = load_compose(context.get());
  std::vector<Legend> result;
  for (const Key& key : all_keys()) {
    if (std::string_view(key.name).starts_with("kp")) continue;
    Legend legend{&key, {}};
    for (unsigned level = 0; level < legend.levels.size(); ++level) {
      const xkb_keysym_t* keysyms = nullptr;
      if (xkb_keymap_key_get_syms_by_level(keymap.get(), xkb_code(key), 0, level, &keysyms) == 1)
        legend.levels[level] = printed(table.get(), keysyms[0]);
    }
    if (std::ranges::any_of(legend.levels, [](const auto& text) { return !text.empty(); }))
      result.push_back(std::move(legend));
  }
  return result;
}

}  // namespace kvm
