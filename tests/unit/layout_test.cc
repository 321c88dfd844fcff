#include "keys/layout.h"
#include "keys/layout_list.h"

#include <gtest/gtest.h>
#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "keys/key_names.h"
#include "type/player.h"
#include "usb/hid_report.h"

namespace kvm {
namespace {

// A target that takes reports like a Linux host and makes text of them like an XKB system. It
// shares no code with Layout.
class Target : public ReportSink {
 public:
  explicit Target(const std::string& name) : context_(xkb_context_new(XKB_CONTEXT_NO_FLAGS)) {
    const auto colon = name.find(':');
    const std::string layout = name.substr(0, colon);
    const std::string variant = colon == std::string::npos ? "" : name.substr(colon + 1);
    const xkb_rule_names names{"evdev", "pc105", layout.c_str(), variant.c_str(), ""};
    keymap_.reset(xkb_keymap_new_from_names(context_.get(), &names, XKB_KEYMAP_COMPILE_NO_FLAGS));
    state_.reset(xkb_state_new(keymap_.get()));
    table_.reset(xkb_compose_table_new_from_locale(context_.get(), "en_US.UTF-8",
                                                   XKB_COMPOSE_COMPILE_NO_FLAGS));
    compose_.reset(xkb_compose_state_new(table_.get(), XKB_COMPOSE_STATE_NO_FLAGS));
  }

  bool has(HidDevice) override { return true; }
  void send(const Report& report) override {
    // The modifiers come first in a report, and hosts read a report from its beginning.
    for (unsigned i = 0; i < 256; ++i) {
      const unsigned usage = (i + 0xe0) & 0xff;
      const bool was = down(last_, usage), is = down(report, usage);
      const Key* key = find_key_usage(static_cast<std::uint8_t>(usage));
      if (was == is || !key) continue;
      if (is) press(key->code + 8u);
      xkb_state_update_key(state_.get(), key->code + 8u, is ? XKB_KEY_DOWN : XKB_KEY_UP);
    }
    last_ = report;
  }
  void settle() override {}
  bool busy(HidDevice) override { return false; }
  void rest(HidDevice) noexcept override {}
  void let_go(const Report&) noexcept override {}
  void pause(std::chrono::milliseconds) override {}
  std::optional<Leds> leds() override { return Leds{}; }
  bool leds_change(const Leds&) override { return true; }
  void wake() override {}

  std::string take() { return std::exchange(text_, ""); }

 private:
  static bool down(const Report& report, unsigned usage) {
    if (usage >= 0xe0 && usage <= 0xe7) return (report.data[0] >> (usage & 7) & 1) != 0;
    for (std::size_t i = 2; i < 8; ++i)
      if (report.data[i] == usage) return true;
    return false;
  }

  void press(xkb_keycode_t code) {
    const xkb_keysym_t keysym = xkb_state_key_get_one_sym(state_.get(), code);
    // For modifiers, the Compose state does not change: it keeps the status of the previous key.
    if (xkb_compose_state_feed(compose_.get(), keysym) == XKB_COMPOSE_FEED_IGNORED) return;
    char buffer[64] = "";
    switch (xkb_compose_state_get_status(compose_.get())) {
      case XKB_COMPOSE_NOTHING:
        xkb_state_key_get_utf8(state_.get(), code, buffer, sizeof buffer);
        break;
      case XKB_COMPOSE_COMPOSED:
        xkb_compose_state_get_utf8(compose_.get(), buffer, sizeof buffer);
        break;
      case XKB_COMPOSE_CANCELLED:
        text_ += "<cancelled>";
        break;
      case XKB_COMPOSE_COMPOSING:
        break;
    }
    text_ += buffer[0] == '\r' ? "\n" : buffer;
  }

  Handle<xkb_context, xkb_context_unref> context_;
  Handle<xkb_keymap, xkb_keymap_unref> keymap_;
  Handle<xkb_state, xkb_state_unref> state_;
  Handle<xkb_compose_table, xkb_compose_table_unref> table_;
  Handle<xkb_compose_state, xkb_compose_state_unref> compose_;
  Report last_ = KeyboardState().report();
  std::string text_;
};

// Types each character of a layout's repertoire, and adds their number to `characters`. Returns a
// line for each character that does not arrive, with the text that came instead.
std::string lost(const std::string& name, std::size_t& characters) {
  Target target(name);
  Layout layout(name);
  const auto repertoire = layout.repertoire();
  characters += repertoire.size();
  Player player(target, Typist(std::move(layout)));
  std::string all;
  for (const char32_t character : repertoire) {
    std::string text;
    append_utf8(text, character);
    player.type(text);
    const std::string came = target.take();
    if (came != text) all += to_text(character) + " came as '" + printable(came) + "'\n";
  }
  return all;
}

// The target gets every character that a layout claims to type, for every layout and variant of
// xkb-data. Sanitizers are slow, so this is several tests that run side by side (tests/unit/run).
class EveryLayout : public testing::TestWithParam<std::size_t> {};
constexpr std::size_t kParts = 4;

TEST_P(EveryLayout, GivesTheTargetEveryCharacter) {
  const auto layouts = list_layouts();
  std::size_t characters = 0;
  for (std::size_t i = GetParam(); i < layouts.size(); i += kParts)
    EXPECT_EQ(lost(to_text(layouts[i]), characters), "") << to_text(layouts[i]);
  EXPECT_GT(characters, 25'000u);
}
INSTANTIATE_TEST_SUITE_P(Part, EveryLayout, testing::Range(std::size_t{0}, kParts));

std::string missing(const std::string& name, std::string_view text) {
  std::string all;
  for (const Untypable& each : untypable(Layout(name), text)) append_utf8(all, each.character);
  return all;
}

TEST(Layout, TypesItsLanguage) {
  const std::pair<const char*, const char*> kTexts[] = {
      {"us:intl", "Fiancé, naïve, señor, Ærø, Übermaß, façade, £5 or 5 €"},
      {"de",
       "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich: 5 €, @ {} [] \\ | ~ é ô"},
      {"fr", "Dès Noël où un zéphyr haï me vêt de glaçons, je dîne d'exquis rôtis: 100 €, @ # {}"},
      {"be", "L'été à Liège: ça coûte 5 €, naïf"},
      {"ch", "Zürich, Genève: où ça? ä ö ü é è à"},
      {"ch:fr", "Genève, où ça? é è à ä ö ü"},
      {"es", "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia; ¿año? ¡Ñ! Ç"},
      {"latam", "¿Año? ¡Sí! pingüino"},
      {"pt", "À noite, vovô Kowalsky vê o ímã cair no pé do pinguim: ção, õ, ü"},
      {"br", "À noite, vovô Kowalsky vê o ímã cair no pé do pinguim: ção, õ, ü"},
      {"se", "Flygande bäckasiner söka hwila på mjuka tuvor: é, ü, 5 €"},
      {"no", "Vår sære Zulu fra badeøya spilte jo whist: é"},
      {"dk", "Quizdeltagerne spiste jordbær med fløde, på: é"},
      {"fi", "Törkylempijävongahdus: å é"},
      {"pl", "Pchnąć w tę łódź jeża lub ośm skrzyń fig: Ż Ź Ć Ń"},
      {"cz", "Příliš žluťoučký kůň úpěl ďábelské ódy: Ř Š Ň Ť Ó"},
      {"hu", "Árvíztűrő tükörfúrógép: ÁÍŰŐÜÖÚÓÉ"},
      {"tr", "Pijamalı hasta yağız şoföre çabucak güvendi: İ Ş Ğ Ç"},
      {"gr", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία: ΐ ΰ Ά"},
      {"gr:polytonic", "Μῆνιν ἄειδε, θεά, Πηληϊάδεω Ἀχιλῆος: ᾄδω ᾧ"},
      {"ru", "Съешь же ещё этих мягких французских булок, да выпей чаю: №"},
      {"ua", "Жебракують філософи при ґанку церкви в Гадячі, ще й шатро їхнє п'яне знаємо"},
      {"il", "דג סקרן שט בים מאוכזב ולפתע מצא חברה"},
      {"jp", "The quick brown fox \\ _ | @ [ ] ^ ~"},
      {"kr", "The quick brown fox \\ _ | @ [ ] ^ ~"},
      {"it", "Pranzo d'acqua fa volti sghembi: è é ò à ù ì ç §"},
      {"gb", "£5 isn't \"five\" # ~ \\ | @"},
      {"us:dvorak", "The quick brown fox: {}[]<>"},
      {"us:colemak", "The quick brown fox: {}[]<>"},
  };
  for (const auto& [layout, text] : kTexts) EXPECT_EQ(missing(layout, text), "") << layout;
}

std::string keys(const std::string& layout, char32_t character) {
  const Layout compiled(layout);
  const Strokes* strokes = compiled.find(character);
  std::string all;
  for (const Stroke& stroke : strokes ? *strokes : Strokes())
    all += (all.empty() ? "" : " ") + to_text(stroke);
  return all;
}

// The keys on which these characters are printed; XKB knows other keys, too.
TEST(Layout, PrefersTheKeysThatPeopleUse) {
  EXPECT_EQ(keys("us", '<'), "leftshift+comma");
  EXPECT_EQ(keys("de", '<'), "102nd");
  EXPECT_EQ(keys("de", '|'), "rightalt+102nd");
  EXPECT_EQ(keys("fr", '@'), "rightalt+0");
  EXPECT_EQ(keys("fr", '1'), "leftshift+1");
  EXPECT_EQ(keys("fr", U'ê'), "leftbrace e");
  EXPECT_EQ(keys("de", '^'), "grave space");
  EXPECT_EQ(keys("es", U'ñ'), "semicolon");
  EXPECT_EQ(keys("us:intl", U'ñ'), "leftshift+grave n");
  // On this layout, AltGr after Shift would be the Compose key.
  EXPECT_EQ(keys("mao", U'£'), "rightalt+leftshift+3");
  EXPECT_EQ(keys("us", U'ж'), "");
}

TEST(Layout, IsFoundUnderItsOldNameAndItsNewName) {
  for (const char* name : {"mao", "nz:mao"}) EXPECT_EQ(keys(name, U'ē'), "rightalt+e") << name;
  for (const char* name : {"jv", "id:javanese"}) EXPECT_NE(keys(name, U'ꦲ'), "") << name;
  for (const char* name : {"in:tam_tamilnet", "in:tamilnet"})
    EXPECT_NE(keys(name, U'அ'), "") << name;
  EXPECT_THROW(keys("nz:nosuch", 'a'), Error);
}

TEST(Layout, WithoutKeysTypesOnlyLineFeedAndTab) {
  const Layout layout = Layout::without_keys("gone");
  EXPECT_EQ(layout.name(), "gone");
  EXPECT_EQ(layout.repertoire(), (std::vector<char32_t>{'\t', '\n'}));
  EXPECT_EQ(layout.find_keysym("Return"), nullptr);
}

TEST(Layout, SaysWhereItCannot) {
  const auto found = untypable(Layout("us"), "a€\r\nж\n\xe2\x82\xac");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].character, U'€');
  EXPECT_EQ(found[0].line, 1u);
  EXPECT_EQ(found[0].column, 2u);
  EXPECT_EQ(found[1].line, 2u);
  EXPECT_EQ(found[1].column, 1u);
  EXPECT_EQ(found[2].line, 3u);
  EXPECT_EQ(untypable(Layout("us"), "\x1b\x7f\x03").size(), 3u);
}

TEST(Layout, UnknownOnesAreRefused) {
  for (const char* name : {"", ":", "xyzzy", "us:xyzzy", "../us", "us:", "us,de"}) {
    try {
      const Layout layout(name);
      EXPECT_TRUE(std::string(name) == "us:" || std::string(name) == "us,de") << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::kUsage) << name;
    }
  }
}

TEST(Layout, KeysymsHaveKeys) {
  const Layout layout("us");
  ASSERT_NE(layout.find_keysym("exclam"), nullptr);
  EXPECT_EQ(to_text(*layout.find_keysym("exclam")), "leftshift+1");
  EXPECT_EQ(to_text(*layout.find_keysym("Return")), "enter");
  EXPECT_EQ(to_text(*layout.find_keysym("KP_Enter")), "kpenter");
  EXPECT_EQ(to_text(*layout.find_keysym("KP_1")), "kp1");
  EXPECT_EQ(layout.find_keysym("Cyrillic_zhe"), nullptr);
}

}  // namespace
}  // namespace kvm
