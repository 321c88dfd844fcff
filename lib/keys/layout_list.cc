#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "keys/layout_list.h"
#include "keys/target_keys.h"
#include "keys/xkb.h"

namespace kvm {
namespace {

// Reads a line of evdev.lst: "  intl            us: English (US, intl., with dead keys)".
LayoutName read_name(std::string_view line, bool is_variant) {
  const std::string_view trimmed = trim(line);
  const std::size_t end = std::min(trimmed.find(' '), trimmed.size());
  const std::string word(trimmed.substr(0, end));
  const std::string_view rest = trim(trimmed.substr(end));
  if (!is_variant) return {word, "", std::string(rest)};
  const std::size_t colon = std::min(rest.find(':'), rest.size());
  return {std::string(rest.substr(0, colon)), word,
          std::string(trim(rest.substr(std::min(colon + 1, rest.size()))))};
}

}  // namespace

std::vector<LayoutName> list_layouts() {
  const XkbContext context = make_xkb_context();
  std::vector<std::string> paths;
  for (unsigned i = 0; i < xkb_context_num_include_paths(context.get()); ++i)
    paths.emplace_back(xkb_context_include_path_get(context.get(), i));
  std::ifstream file;
  for (std::size_t i = 0; i < paths.size() && !file.is_open(); ++i)
    file.open(paths[i] + "/rules/evdev.lst");
  if (!file.is_open()) throw Error(Exit::kNoInput, "rules/evdev.lst: not found (install xkb-data)");
  // "custom" is always listed, but exists only where an administrator made it.
  const auto exists = [&](const LayoutName& name) {
    return std::ranges::any_of(paths, [&](const std::string& path) {
      return std::filesystem::exists(path + "/symbols/" + name.layout);
    });
  };

  std::vector<LayoutName> all;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('!'))
      section = trim(std::string_view(line).substr(1));
    else if (!trim(line).empty() && (section == "layout" || section == "variant"))
      all.push_back(read_name(line, section == "variant"));
  }
  std::erase_if(all, std::not_fn(exists));
  std::ranges::stable_sort(all, {}, &LayoutName::layout);
  return all;
}

std::vector<LayoutName> list_layouts(Target target) {
  std::vector<LayoutName> all = list_layouts();
  if (target != Target::kAuto && target != Target::kLinux)
    std::erase_if(all, [&](const auto& name) { return !TargetKeys::find(target, to_text(name)); });
  return all;
}

std::string to_text(const LayoutName& name) {
  return name.layout + (name.variant.empty() ? "" : ":" + name.variant);
}

}  // namespace kvm
