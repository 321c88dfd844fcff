// libxkbcommon's handles, and the layouts and Compose sequences that xkb-data and libX11 describe.
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

// XKB keycodes of Linux systems are those of evdev plus 8.
inline xkb_keycode_t xkb_code(const Key& key) noexcept {
  return key.code + 8u;
}

// One that reads the system's data only, and says nothing. Throws Error (Exit::kOs).
XkbContext make_xkb_context();

// Letters, digits, _, - and : only. To libxkbcommon a name is a file's, and "../" leads anywhere.
bool is_layout_name(std::string_view name) noexcept;

// "de", "de:nodeadkeys" on a 105-key keyboard. Throws Error (Exit::kUsage): no such layout.
XkbKeymap compile_layout(xkb_context* context, const std::string& name);

// X11's en_US.UTF-8; null where libX11's data is not installed: then there are no dead keys.
XkbComposeTable load_compose(xkb_context* context);

}  // namespace kvm
