#include "keys/xkb.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

// Layouts that have the same keys in xkb-data 2.35 (Debian 12) and 2.42 (Debian 13) under different
// names. The layouts of xkb-data that were renamed under compatible names are not listed.
constexpr const char* kRenamed[][2] = {
    {"mao", "nz:mao"},
    {"jv", "id:javanese"},
    {"id:phonetic", "id:melayu-phonetic"},
    {"id:phoneticx", "id:melayu-phoneticx"},
    {"in:tam_tamilnet", "in:tamilnet"},
    {"in:tam_tamilnet_TAB", "in:tamilnet_TAB"},
    {"in:tam_tamilnet_TSCII", "in:tamilnet_TSCII"},
    {"in:tam_tamilnet_with_tam_nums", "in:tamilnet_tamilnumbers"},
};

// nullptr: xkb-data has no such layout.
XkbKeymap try_layout(xkb_context* context, const std::string& name) {
  const auto colon = name.find(':');
  const std::string layout = name.substr(0, colon);
  const std::string variant = colon == std::string::npos ? "" : name.substr(colon + 1);
  if (layout.empty() || !is_layout_name(name)) return nullptr;
  const xkb_rule_names names{"evdev", "pc105", layout.c_str(), variant.c_str(), ""};
  return XkbKeymap(xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS));
}

}  // namespace

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
           c == '-' || c == ':' || c == '@';
  });
}

XkbKeymap compile_layout(xkb_context* context, const std::string& name) {
  XkbKeymap keymap = try_layout(context, name);
  for (const auto& names : kRenamed)
    for (const std::size_t i : {0, 1})
      if (!keymap && name == names[i]) keymap = try_layout(context, names[1 - i]);
  if (!keymap) throw Error(Exit::kUsage, "no such layout: '" + printable(name) + "'");
  return keymap;
}

XkbComposeTable load_compose(xkb_context* context) {
  return XkbComposeTable(
      xkb_compose_table_new_from_locale(context, "en_US.UTF-8", XKB_COMPOSE_COMPILE_NO_FLAGS));
}

}  // namespace kvm
