#include "keys/xkb.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

XkbContext make_xkb_context() {
  XkbContext context(xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES));
  if (!context) throw Error(Exit::kOs, "libxkbcommon: no context", "is xkb-data installed?");
  // libxkbcommon would print several lines about an unknown layout; our own error is one line.
  xkb_context_set_log_level(context.get(), XKB_LOG_LEVEL_CRITICAL);
  xkb_context_set_log_fn(context.get(), [](xkb_context*, xkb_log_level, const char*, va_list) {});
  return context;
}

bool is_layout_name(std::string_view name) noexcept {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == ':';
  });
}

XkbKeymap compile_layout(xkb_context* context, const std::string& name) {
  const auto colon = name.find(':');
  const std::string layout = name.substr(0, colon);
  const std::string variant = colon == std::string::npos ? "" : name.substr(colon + 1);
  const xkb_rule_names names{"evdev", "pc105", layout.c_str(), variant.c_str(), ""};
  XkbKeymap keymap(layout.empty() || !is_layout_name(name)
                       ? nullptr
                       : xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS));
  if (!keymap) throw Error(Exit::kUsage, "no such layout: '" + printable(name) + "'");
  return keymap;
}

XkbComposeTable load_compose(xkb_context* context) {
  return XkbComposeTable(
      xkb_compose_table_new_from_locale(context, "en_US.UTF-8", XKB_COMPOSE_COMPILE_NO_FLAGS));
}

}  // namespace kvm
