// Handles that own libxkbcommon's objects, and the loading of layouts (xkb-data) and of the Compose
// table (libX11).
#pragma once

#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

#include <string>
#include <string_view>

#include "base/fd.h"
#include "keys/key_names.h"

namespace kvm {

using XkbContext = Handle<xkb_context, xkb_context_unref>;
using XkbKeymap = Handle<xkb_keymap, xkb_keymap_unref>;
using XkbState = Handle<xkb_state, xkb_state_unref>;
using XkbComposeTable = Handle<xkb_compose_table, xkb_compose_table_unref>;
using XkbComposeState = Handle<xkb_compose_state, xkb_compose_state_unref>;

// On Linux, XKB keycodes are evdev codes plus 8.
inline xkb_keycode_t xkb_code(const Key& key) noexcept {
  return key.code + 8u;
}

// A context that reads the system's data only and prints no messages. Throws Error (Exit::kOs).
XkbContext make_xkb_context();

// Whether `name` has letters, digits, _, -, : and @ only. libxkbcommon opens a file of that name,
// so with "../" it could open any file.
bool is_layout_name(std::string_view name) noexcept;

// "de" or "de:nodeadkeys" on a 105-key keyboard. Throws Error (Exit::kUsage) if there is no such
// layout.
XkbKeymap compile_layout(xkb_context* context, const std::string& name);

// X11's en_US.UTF-8 table. null: libX11's data is not installed, and dead keys cannot be used.
XkbComposeTable load_compose(xkb_context* context);

}  // namespace kvm
