#include "keys/layout.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "keys/agreement.h"
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
  Agreement agreement;
  bool composed = false;  // whether add_composed() has run

  void find_characters(const std::vector<Step>& steps, const LayoutAt& layout);
  void take_characters(const LayoutAt& layout);
  void add_composed() {
    if (!std::exchange(composed, true))
      kvm::add_composed(context.get(), keysyms, agreement, characters);
  }
};

// Finds the characters of single strokes.
void Layout::Tables::find_characters(const std::vector<Step>& steps, const LayoutAt& layout) {
  const auto each = [&](const auto& take) {
    for (const Step& step : steps) {
      const char32_t character = xkb_keysym_to_utf32(step.keysym);
      if (character >= ' ' && character != 0x7f && !is_split(character))
        take(character, Strokes{step.stroke});
    }
  };
  each([&](char32_t character, Strokes strokes) { characters.try_emplace(character, strokes); });
  if (layout.target == Target::kLinux) return;
  agreement = Agreement(layout.layout, characters);
  each([&](char32_t character, Strokes strokes) {
    Strokes& known = characters[character];
    if (agreement.of(character, strokes) > agreement.of(character, known)) known = strokes;
  });
}

// Takes what is known about the layout on a system without XKB.
void Layout::Tables::take_characters(const LayoutAt& layout) {
  const auto keys = TargetKeys::find(layout.target, layout.layout);
  if (!keys)
    throw Error(Exit::kUsage, "layout " + layout.layout + ": its keys on " +
                                  std::string(to_text(layout.target)) + " are not known");
  characters.merge(keys->characters());
  composed = true;
}

Layout::Layout(const std::string& name) : tables_(std::make_unique<Tables>()) {
  const LayoutAt layout = parse_layout(name);
  tables_->name = to_text(layout);
  const XkbKeymap keymap = compile_layout(tables_->context.get(), layout.layout);
  const std::vector<Step> steps = find_steps(keymap.get());
  for (const Step& step : steps) tables_->keysyms.try_emplace(step.keysym, step);
  for (const Step& step : find_keypad_steps(keymap.get()))
    tables_->keypad.try_emplace(step.keysym, step);
  if (layout.target == Target::kAuto || layout.target == Target::kLinux)
    tables_->find_characters(steps, layout);
  else
    tables_->take_characters(layout);
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
  const Agreement& agreement = tables_->agreement;
  const bool enough =
      found != tables_->characters.end() &&
      (character < U' ' || agreement.of(character, found->second) >= agreement.best());
  if (!enough && !tables_->composed) {
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

std::vector<Target> Layout::disputed(char32_t character, char32_t next) const {
  if (character < U' ') return {};
  const Strokes* strokes = find(character);
  const Strokes* after = next == 0 ? nullptr : find(next);
  if (!strokes) return {};
  return tables_->agreement.against(character, *strokes, after ? after->front() : Stroke());
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
