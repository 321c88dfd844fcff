#include "keys/levels.h"

#include <algorithm>
#include <map>

#include "keys/key_names.h"

namespace kvm {
namespace {

constexpr std::uint8_t kUsageZ = 0x1d, kUsageLeftShift = 0xe1, kUsageRightAlt = 0xe6;

// The characters of these keys depend on NumLock, and other keys type all of them too.
bool is_keypad(std::uint8_t usage) noexcept {
  return (usage >= 0x54 && usage <= 0x63) || usage == 0x67 || usage == 0x85 || usage == 0x8c ||
         usage == 0xb6 || usage == 0xb7;
}

bool within(xkb_keysym_t keysym, xkb_keysym_t first, xkb_keysym_t last) noexcept {
  return keysym >= first && keysym <= last;
}

// The keysyms that libX11 and libxkbcommon ignore in Compose sequences.
bool is_modifier(xkb_keysym_t keysym) noexcept {
  return within(keysym, XKB_KEY_Shift_L, XKB_KEY_Hyper_R) ||
         within(keysym, XKB_KEY_ISO_Lock, XKB_KEY_ISO_Last_Group_Lock) ||
         keysym == XKB_KEY_Mode_switch || keysym == XKB_KEY_Num_Lock;
}
bool is_fifth_level(xkb_keysym_t keysym) noexcept {
  return within(keysym, XKB_KEY_ISO_Level5_Shift, XKB_KEY_ISO_Level5_Lock);
}

// Whether a modifier is locked or latched, so that it would outlive the keys that are down.
bool lasts(xkb_state* state) {
  return xkb_state_serialize_mods(state, static_cast<xkb_state_component>(
                                             XKB_STATE_MODS_LATCHED | XKB_STATE_MODS_LOCKED)) != 0;
}

// Keys that are held to choose a level.
using Holders = std::vector<const Key*>;

// Shift, AltGr and all other keys that choose a level in this keymap, one key for each modifier
// mask. Each is found by its effect on the modifiers while it is down.
Holders find_holders(xkb_keymap* keymap) {
  xkb_mod_mask_t commands = 0;  // modifiers that turn characters into commands
  for (const char* name : {XKB_MOD_NAME_CTRL, XKB_MOD_NAME_ALT, XKB_MOD_NAME_LOGO}) {
    const auto index = xkb_keymap_mod_get_index(keymap, name);
    if (index != XKB_MOD_INVALID) commands |= xkb_mod_mask_t{1} << index;
  }
  Holders candidates;
  for (const Key& key : all_keys()) candidates.push_back(&key);
  std::stable_partition(candidates.begin(), candidates.end(),
                        [](const Key* key) { return is_modifier_usage(key->usage); });

  std::map<xkb_mod_mask_t, const Key*> by_mask;
  for (const Key* key : candidates) {
    const XkbState state(xkb_state_new(keymap));
    xkb_state_update_key(state.get(), xkb_code(*key), XKB_KEY_DOWN);
    const auto mask = xkb_state_serialize_mods(state.get(), XKB_STATE_MODS_DEPRESSED);
    if (mask != 0 && (mask & commands) == 0 && !lasts(state.get())) by_mask.try_emplace(mask, key);
  }
  Holders holders;
  for (const auto& [mask, holder] : by_mask) holders.push_back(holder);
  holders.resize(std::min<std::size_t>(holders.size(), 8));
  return holders;
}

// Presses the keys of `held` in this order, then adds a step for each other key. Adds nothing and
// returns false if a key of `held` is not a modifier while the keys before it are down (with Shift
// down, AltGr may be the Compose key), or if it locks or latches a modifier.
bool add_level(xkb_keymap* keymap, const Holders& held, std::vector<Step>& steps) {
  const XkbState state(xkb_state_new(keymap));
  Step step{};
  for (std::size_t i = 0; i < held.size(); ++i) {
    const xkb_keysym_t keysym = xkb_state_key_get_one_sym(state.get(), xkb_code(*held[i]));
    step.interrupts = step.interrupts || is_fifth_level(keysym);
    if (!is_modifier(keysym) && !is_fifth_level(keysym)) return false;
    step.stroke.held[i] = held[i]->usage;
    xkb_state_update_key(state.get(), xkb_code(*held[i]), XKB_KEY_DOWN);
  }
  if (lasts(state.get())) return false;
  for (const Key& key : all_keys()) {
    if (is_keypad(key.usage) || std::ranges::count(held, &key) > 0) continue;
    step.stroke.key = key.usage;
    step.keysym = xkb_state_key_get_one_sym(state.get(), xkb_code(key));
    if (step.keysym != XKB_KEY_NoSymbol) steps.push_back(step);
  }
  return true;
}

}  // namespace

// Keys outside the main block cost more than shift: not every keyboard has them, and Windows may
// type other characters with them.
int cost(const Stroke& stroke) noexcept {
  int sum = stroke.key >= 0x04 && stroke.key <= 0x38 ? 0 : 3;
  for (const std::uint8_t held : stroke.held)
    sum += held == 0 ? 0 : held == kUsageLeftShift ? 2 : held == kUsageRightAlt ? 4 : 8;
  return sum;
}

std::pair<int, bool> order(const Stroke& stroke) noexcept {
  return {cost(stroke), stroke.key <= kUsageZ};
}

std::vector<Step> find_steps(xkb_keymap* keymap) {
  const Holders holders = find_holders(keymap);
  std::vector<Step> steps;
  for (unsigned set = 0; set < 1u << holders.size(); ++set) {
    Holders held;
    for (std::size_t i = 0; i < holders.size(); ++i)
      if ((set >> i & 1) != 0) held.push_back(holders[i]);
    if (held.size() > Stroke().held.size()) continue;
    // Tries first the order in which a host reads the keys from one report, then all other orders.
    const auto by_report = [](const Key* key) { return report_order(key->usage); };
    std::ranges::sort(held, {}, by_report);
    while (!add_level(keymap, held, steps) &&
           std::ranges::next_permutation(held, {}, by_report).found)
      continue;
  }
  std::ranges::stable_sort(steps, {}, [](const Step& step) { return order(step.stroke); });
  return steps;
}

std::vector<Step> find_keypad_steps(xkb_keymap* keymap) {
  std::vector<Step> steps;
  for (const Key& key : all_keys()) {
    if (!is_keypad(key.usage)) continue;
    const auto levels = xkb_keymap_num_levels_for_key(keymap, xkb_code(key), 0);
    for (xkb_level_index_t level = 0; level < levels; ++level) {
      const xkb_keysym_t* keysyms = nullptr;
      const int count = xkb_keymap_key_get_syms_by_level(keymap, xkb_code(key), 0, level, &keysyms);
      if (count == 1 && within(*keysyms, XKB_KEY_KP_Space, XKB_KEY_KP_Equal))
        steps.push_back({*keysyms, {key.usage}, false});
    }
  }
  return steps;
}

}  // namespace kvm
