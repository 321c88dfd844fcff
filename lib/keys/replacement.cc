#include "keys/replacement.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace kvm {

std::optional<Replacement> read_replacement(std::string_view text) {
  const auto character = text.empty() ? std::nullopt : take_utf8(text);
  if (!character || !text.starts_with('=')) return std::nullopt;
  Replacement replacement{*character, std::string(text.substr(1))};
  while (!text.empty())
    if (!take_utf8(text)) return std::nullopt;
  return replacement;
}

std::string to_text(const Replacement& replacement) {
  std::string text;
  append_utf8(text, replacement.character);
  return text + "=" + replacement.text;
}

std::optional<std::string> usual_replacement(char32_t character) {
  struct Row {
    char32_t character;
    const char* text;
  };
  constexpr Row kRows[] = {
      {0xa0, " "},    {0xad, ""},     {0x2007, " "}, {0x2009, " "},   {0x200b, ""},  {0x200c, ""},
      {0x200d, ""},   {0x200e, ""},   {0x200f, ""},  {0x2010, "-"},   {0x2011, "-"}, {0x2012, "-"},
      {0x2013, "-"},  {0x2014, "--"}, {0x2018, "'"}, {0x2019, "'"},   {0x201a, "'"}, {0x201c, "\""},
      {0x201d, "\""}, {0x201e, "\""}, {0x2022, "*"}, {0x2026, "..."}, {0x202f, " "}, {0x2060, ""},
      {0x2212, "-"},  {0xfeff, ""},
  };
  const auto* row = std::ranges::find(kRows, character, &Row::character);
  if (row == std::end(kRows)) return std::nullopt;
  return row->text;
}

}  // namespace kvm
