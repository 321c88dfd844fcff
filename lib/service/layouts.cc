#include "service/layouts.h"

#include <algorithm>

#include "base/text.h"
#include "format/legends.h"
#include "service/json.h"

namespace kvm {

namespace {
constexpr std::size_t kMostListed = 1000;
}

std::string Layouts::check(const std::string& layout, const std::string& text) {
  if (!last_ || last_->name() != layout) last_.emplace(layout);
  const auto found = untypable(*last_, text);
  std::string list;
  for (std::size_t i = 0; i < std::min(found.size(), kMostListed); ++i) {
    std::string character;
    append_utf8(character, found[i].character);
    list += strf("%s{\"char\":%s,\"line\":%zu,\"column\":%zu}", i > 0 ? "," : "",
                 json_string(character).c_str(), found[i].line, found[i].column);
  }
  return strf("{\"ok\":%s,\"untypable\":[", json_bool(found.empty())) + list + "]}";
}

const std::string& Layouts::list() {
  if (!list_.empty()) return list_;
  std::string list;
  for (const LayoutName& one : list_layouts())
    list += (list.empty() ? "{\"name\":" : ",{\"name\":") + json_string(one.layout) +
            ",\"variant\":" + json_string(one.variant) + ",\"title\":" + json_string(one.title) +
            "}";
  return list_ = "[" + list + "]";
}

std::string Layouts::legends(const std::string& layout) {
  std::string all;
  for (const Legend& one : kvm::legends(layout)) {
    std::string levels;
    for (const std::string& level : one.levels)
      levels += (levels.empty() ? "" : ",") + json_string(level);
    all += (all.empty() ? "" : ",") + json_string(one.key->name) + ":[" + levels + "]";
  }
  return "{" + all + "}";
}

}  // namespace kvm
