#include "keys/layout.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "keys/compose.h"
#include "keys/levels.h"

namespace kvm {
namespace {

constexpr std::uint8_t kUsageEnter = 0x28, kUsageTab = 0x2b;

// Whether a key that has this character's keysym types two characters instead of it. X11's Compose
// table splits two kinds of characters: Arabic lam-alef (Windows splits it too), and the code
// points that stand for a vowel with a sign in XKB's Khmer layout.
bool is_split(char32_t character) noexcept {
  return character == 0xfef5 || character == 0xfef7 || character == 0xfef9 || character == 0xfefb ||
         (character >= 0x17fb && character <= 0x17ff);
}

}  // namespace

struct Layout::Tables {
  std::string name;
  XkbContext context = make_xkb_context();
  CharacterTable characters = {{'\n', {Stroke{kUsageEnter, {}}}}, {'\t', {Stroke{kUsageTab, {}}}}};
  KeysymTable keysyms, keypad;
  bool composed = false;  // whether add_composed() has run

  void add_composed() {
    if (!std::exchange(composed, true)) kvm::add_composed(context.get(), keysyms, characters);
  }
};

Layout::Layout(const std::string& name) : tables_(std::make_unique<Tables>()) {
  tables_->name = name;
  const XkbKeymap keymap = compile_layout(tables_->context.get(), name);
  auto& characters = tables_->characters;
  for (const Step& step : find_steps(keymap.get())) {
    tables_->keysyms.try_emplace(step.keysym, step);
    const char32_t character = xkb_keysym_to_utf32(step.keysym);
    if (character >= ' ' && character != 0x7f && !is_split(character))
      characters.try_emplace(character, Strokes{step.stroke});
  }
  for (const Step& step : find_keypad_steps(keymap.get()))
    tables_->keypad.try_emplace(step.keysym, step);
}
Layout::Layout(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
Layout::~Layout() = default;
Layout::Layout(Layout&&) noexcept = default;
Layout& Layout::operator=(Layout&&) noexcept = default;

Layout Layout::without_keys(const std::string& name) {
  auto tables = std::make_unique<Tables>();
  tables->name = name;
  return Layout(std::move(tables));
}

const std::string& Layout::name() const noexcept {
  return tables_->name;
}

const Strokes* Layout::find(char32_t character) const {
  auto found = tables_->characters.find(character);
  if (found == tables_->characters.end()) {
    tables_->add_composed();
    found = tables_->characters.find(character);
  }
  return found == tables_->characters.end() ? nullptr : &found->second;
}

const Stroke* Layout::find_keysym(const std::string& keysym) const {
  const auto wanted = xkb_keysym_from_name(keysym.c_str(), XKB_KEYSYM_NO_FLAGS);
  for (const KeysymTable* table : {&tables_->keysyms, &tables_->keypad}) {
    const auto found = table->find(wanted);
    if (found != table->end()) return &found->second.stroke;
  }
  return nullptr;
}

std::vector<char32_t> Layout::repertoire() const {
  tables_->add_composed();
  std::vector<char32_t> characters;
  for (const auto& [character, strokes] : tables_->characters) characters.push_back(character);
  std::ranges::sort(characters);
  return characters;
}

std::vector<Untypable> untypable(const Layout& layout, std::string_view text) {
  std::vector<Untypable> found;
  each_character(text, [&](char32_t character, std::size_t line, std::size_t column) {
    if (!layout.find(character)) found.push_back({character, line, column});
  });
  return found;
}

void each_character(
    std::string_view text,
    const std::function<void(char32_t character, std::size_t line, std::size_t column)>& body) {
  std::size_t line = 1, column = 1;
  while (!text.empty()) {
    auto character = take_utf8(text);
    if (!character)
      throw Error(Exit::kData, strf("line %zu, column %zu: invalid UTF-8", line, column));
    if (*character == '\r') {
      if (text.starts_with('\n')) text.remove_prefix(1);
      character = '\n';
    }
    body(*character, line, column);
    ++column;
    if (*character == '\n') ++line, column = 1;
  }
}

}  // namespace kvm
