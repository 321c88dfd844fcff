#include "keys/target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "keys/layout.h"
#include "keys/target_keys.h"
#include "keys/typist.h"

namespace kvm {
namespace {

// A row of the table of Windows' layouts: a key with Shift and AltGr, and the character after it if
// the key is dead.
using Row = std::tuple<unsigned, bool, bool, std::string>;
using Rows = std::multimap<std::string, Row>;  // by character

// What Windows makes of keys: by layout and character, one way or more to type it. Facts from
// kbdlayout.info as the Circuitpython_Keyboard_Layouts project has them (MIT licence). They are
// from another source than lib/keys/targets/windows.inc.
std::map<std::string, Rows> read_windows_table() {
  std::map<std::string, Rows> table;
  std::ifstream file("tests/data/windows-layouts.tsv");
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == '\t')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    if (cells.size() < 5 || line.starts_with("#")) continue;
    cells.resize(6);
    table[cells[0]].emplace(cells[1], Row(std::stoul(cells[2], nullptr, 16), cells[3] == "1",
                                          cells[4] == "1", cells[5]));
  }
  return table;
}

bool holds(const Stroke& stroke, std::uint8_t usage) {
  return std::ranges::count(stroke.held, usage) > 0;
}

Row row_of(const Stroke& stroke, const std::string& then) {
  return {stroke.key, holds(stroke, 0xe1), holds(stroke, 0xe6), then};
}

std::string keys(const std::string& layout, char32_t character) {
  const Layout compiled(layout);
  const Strokes* strokes = compiled.find(character);
  std::string all;
  for (const Stroke& stroke : strokes ? *strokes : Strokes())
    all += (all.empty() ? "" : " ") + to_text(stroke);
  return all;
}

// Judges strokes by the table. A table names one way for each character, so that a key which it
// does not name may be right too: "unknown".
std::string judge(const Rows& table, const std::string& wanted, const Strokes& strokes) {
  const auto given_by = [&](const Row& row) {
    for (const auto& [character, way] : table)
      if (way == row) return character;
    return std::string();
  };
  if (strokes.size() == 1) {
    const bool is_dead = std::ranges::any_of(table, [&](const auto& each) {
      const auto& [usage, shift, altgr, then] = each.second;
      return !then.empty() && Row(usage, shift, altgr, "") == row_of(strokes[0], "");
    });
    if (is_dead) return "dead";
    const std::string given = given_by(row_of(strokes[0], ""));
    return given == wanted ? "right" : given.empty() ? "unknown" : given;
  }
  const std::string base = given_by(row_of(strokes.at(1), ""));
  const std::string given = given_by(row_of(strokes[0], base));
  return given == wanted ? "right" : given.empty() ? "unknown" : given;
}

TEST(Target, WindowsGetsWhatItsTablesSay) {
  const auto table = read_windows_table();
  ASSERT_EQ(table.size(), 8u);
  std::string unknown;
  std::size_t right = 0;
  for (const auto& [name, rows] : table) {
    const Layout layout(name + "@windows");
    for (const auto& [character, row] : rows) {
      std::string_view left = character;
      const Strokes* strokes = layout.find(take_utf8(left).value_or(0));
      const std::string verdict = strokes ? judge(rows, character, *strokes) : "refused";
      if (verdict == "right")
        ++right;
      else if (verdict == "unknown" || verdict == "refused")
        unknown += name + character + " ";
      else
        ADD_FAILURE() << name << ": " << character << ": " << verdict;
    }
  }
  EXPECT_GT(right, 1090u);
  // Windows has these on the keys where they are printed, and also where the table has them.
  EXPECT_EQ(unknown, "br/ gb\\ ");
}

// The matrix of layouts and targets; each layout's own letters are those of a sentence.
const std::pair<const char*, const char*> kLayouts[] = {
    {"us", ""},
    {"gb", "£"},
    {"de", "äöüßÄÖÜ§"},
    {"fr", "éèçàùÉâêîôûëïü"},
    {"be", "éèçàùâêîôûëïü"},
    {"ch", "äöüéèàçâêîôû"},
    {"ch:fr", "éèàäöüçâêîôû"},
    {"es", "ñÑáéíóúü¿¡çÇ"},
    {"latam", "ñÑáéíóúü¿¡"},
    {"it", "èéòàùì°§ç"},
    {"pt", "çÇáâãàéêíóôõú"},
    {"br", "çÇáâãàéêíóôõú"},
    {"nl", "éëïáóöü"},
    {"dk", "æøåÆØÅé"},
    {"no", "æøåÆØÅé"},
    {"se", "åäöÅÄÖé"},
    {"fi", "åäöÅÄÖé"},
    {"pl", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"},
    {"cz", "ěščřžýáíéúůďťňóĚŠČŘŽÝÁÍÉÚŮĎŤŇÓ"},
    {"sk", "ľščťžýáíéúäôňďóĺŕ"},
    {"hu", "áéíóöőúüűÁÉÍÓÖŐÚÜŰ"},
    {"ro", "ăâîșțĂÂÎȘȚ"},
    {"hr", "čćšđžČĆŠĐŽ"},
    {"si", "čšžČŠŽ"},
    {"rs", "љњертзуиопшђасдфгхјклчћжцвбнмЉЊ"},
    {"tr", "ğüşıöçĞÜŞİÖÇ"},
    {"gr", "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ"},
    {"ru", "абвгдеёжзийклмнопрстуфхцчшщъыьэюяЁЖ№"},
    {"ua", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяҐЄІЇ"},
    {"il", "אבגדהוזחטיכלמנסעפצקרשתםןץףך"},
    {"jp", ""},
    {"kr", ""},
    {"us:intl", "éèñüçáíóú"},
    {"us:dvorak", ""},
    {"us:colemak", ""},
};

std::vector<char32_t> text_of(std::string_view letters) {
  std::vector<char32_t> all;
  for (char32_t c = U' '; c < 0x7f; ++c) all.push_back(c);
  while (!letters.empty()) all.push_back(take_utf8(letters).value_or(0));
  return all;
}

struct Count {
  std::size_t right = 0, refused = 0, wrong = 0, told = 0;
};

// The layout, or nothing if it is not known there.
std::optional<Layout> layout_on(const char* name, Target target) {
  if (target != Target::kAuto && !TargetKeys::find(target, name)) return std::nullopt;
  return Layout(to_text({name, target}));
}

// Types with the layout and judges by what is known about the target.
Count count(const std::optional<Layout>& layout, const std::optional<TargetKeys>& target_keys,
            Target target, const std::vector<char32_t>& text) {
  Count count;
  for (const char32_t character : text) {
    const Strokes* strokes = layout ? layout->find(character) : nullptr;
    if (!strokes)
      ++count.refused;
    else if (target_keys && target_keys->typed(*strokes) == character)
      ++count.right;
    else if (std::ranges::count(layout->disputed(character, U' '), target) > 0)
      ++count.told;
    else
      ++count.wrong;
  }
  return count;
}

// Set KVM_LAYOUT_TABLE to print the table.
TEST(Target, NothingWrongArrivesWhereTheTargetIsKnown) {
  const bool print = std::getenv("KVM_LAYOUT_TABLE") != nullptr;
  if (print)
    std::puts("layout       target    right refused wrong   with auto: right refused told wrong");
  for (const auto& [name, letters] : kLayouts) {
    const auto text = text_of(letters);
    const auto for_all = layout_on(name, Target::kAuto);
    for (const Target target : {Target::kConsole, Target::kWindows, Target::kMac}) {
      const auto target_keys = TargetKeys::find(target, name);
      const Count named = count(layout_on(name, target), target_keys, target, text);
      EXPECT_EQ(named.wrong, 0u) << name << " " << to_text(target);
      if (!print) continue;
      const Count by_auto = target_keys ? count(for_all, target_keys, target, text) : Count();
      std::printf("%-12s %-8s %6zu %7zu %5zu  %17zu %7zu %4zu %5zu%s\n", name,
                  std::string(to_text(target)).c_str(), named.right, named.refused, named.wrong,
                  by_auto.right, by_auto.refused, by_auto.told, by_auto.wrong,
                  target_keys ? "" : " (not known)");
    }
  }
}

// Each of these was typed with keys that only XKB has.
TEST(Target, TheKeysOnWhichSystemsAgreeComeFirst) {
  EXPECT_EQ(keys("hr", '>'), "leftshift+102nd");
  EXPECT_EQ(keys("it", '['), "rightalt+leftbrace");
  EXPECT_EQ(keys("es", '['), "rightalt+leftbrace");
  EXPECT_EQ(keys("us:intl", '\''), "apostrophe space");
  EXPECT_EQ(keys("us:intl", '"'), "leftshift+apostrophe space");
  EXPECT_EQ(keys("us:intl", '~'), "leftshift+grave space");
  EXPECT_EQ(keys("us:intl", '^'), "leftshift+6 space");
  EXPECT_EQ(keys("gb", '|'), "leftshift+102nd");
}

TEST(Target, WhereSystemsDifferTheTargetDecides) {
  EXPECT_EQ(keys("fr@windows", '~'), "rightalt+2 space");
  EXPECT_EQ(keys("fr@linux", '~'), "leftshift+grave");
  EXPECT_EQ(keys("fr", '~'), "rightalt+2");  // dead elsewhere, where ~/ is right, but not ~a
  EXPECT_EQ(keys("it@windows", '{'), "leftshift+rightalt+leftbrace");
  EXPECT_EQ(keys("it@console", '{'), "rightalt+8");
  EXPECT_EQ(keys("us:intl@windows", U'ñ'), "rightalt+n");
  EXPECT_EQ(keys("us:intl@console", U'ñ'), "leftshift+grave n");
  EXPECT_EQ(keys("fr@mac", '<'), "grave");
  EXPECT_EQ(keys("fr@mac-iso", '<'), "102nd");
  EXPECT_EQ(keys("fr@mac-iso", '@'), "grave");
  EXPECT_EQ(keys("de@mac", '@'), "rightalt+l");
  EXPECT_EQ(keys("hu@console", U'ň'), "");
}

TEST(Target, SaysWhatDoesNotArriveElsewhere) {
  using Found = std::map<Target, std::set<char32_t>>;
  const auto found = [](const char* layout, const char* text) {
    return Typist(Layout(layout)).disputed(text);
  };
  EXPECT_EQ(found("fr", "cd ~/x"), Found());
  EXPECT_EQ(found("fr", "cd ~ops"), (Found{{Target::kConsole, {'~'}}, {Target::kWindows, {'~'}}}));
  EXPECT_EQ(found("fr", "cd ~"), (Found{{Target::kConsole, {'~'}}, {Target::kWindows, {'~'}}}));
  EXPECT_EQ(found("fr@windows", "cd ~ops"), Found());
  EXPECT_EQ(found("it", "{~}"),
            (Found{{Target::kConsole, {'{', '}', '~'}}, {Target::kWindows, {'~'}}}));
  EXPECT_EQ(found("us", "don't \"x\" ~ ^\n"), Found());
  EXPECT_EQ(found("ru", "привет"), Found());
}

TEST(Target, NamesAreReadAndWritten) {
  EXPECT_EQ(Layout("fr@windows").name(), "fr@windows");
  EXPECT_EQ(Layout("fr@auto").name(), "fr");
  EXPECT_EQ(with_target_of("de", "fr@mac"), "de@mac");
  EXPECT_EQ(with_target_of("de@linux", "fr@mac"), "de@linux");
  EXPECT_EQ(with_target_of("de", "fr"), "de");
  for (const char* name :
       {"fr@", "fr@beos", "fr@windows@mac", "fr:bepo@windows", "nosuch@windows"}) {
    try {
      const Layout layout(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::kUsage) << name;
    }
  }
}

}  // namespace
}  // namespace kvm
