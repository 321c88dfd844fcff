#include "http/layouts.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "keys/foreign_text.h"
#include "keys/layout_list.h"
#include "keys/legends.h"

namespace kvm {

namespace {
constexpr std::size_t kMostListed = 1000;
}

Json Layouts::check(const std::string& layout, const TypistOptions& options,
                    const std::string& text) {
  if (!last_ || last_->layout().name() != layout || last_->options() != options)
    last_.emplace(Layout(layout), options);
  const auto found = last_->untypable(in_typable_form(*last_, text));
  std::vector<Json> list;
  for (const Untypable& at : std::span(found).first(std::min(found.size(), kMostListed))) {
    std::string character;
    append_utf8(character, at.character);
    list.push_back(Json::object({{"char", character}, {"line", at.line}, {"column", at.column}}));
  }
  return Json::object({{"ok", found.empty()}, {"untypable", Json::array(list)}});
}

const Json& Layouts::list() {
  if (list_) return *list_;
  std::vector<Json> list;
  for (const LayoutName& layout : list_layouts())
    list.push_back(Json::object(
        {{"name", layout.layout}, {"variant", layout.variant}, {"title", layout.title}}));
  return list_.emplace(Json::array(list));
}

Json Layouts::legends(const std::string& layout) {
  std::vector<Json::Member> members;
  for (const Legend& legend : kvm::legends(layout))
    members.emplace_back(legend.key->name, Json::array_of(legend.levels));
  return Json::object(members);
}

}  // namespace kvm
