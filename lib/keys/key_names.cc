#include "keys/key_names.h"

#include <linux/input-event-codes.h>
#include <strings.h>

#include <algorithm>
#include <array>

namespace kvm {
namespace {

constexpr ControlUsage system_control(std::uint16_t usage) {
  return {ControlPage::kSystem, usage};
}
constexpr ControlUsage consumer(std::uint16_t usage) {
  return {ControlPage::kConsumer, usage};
}

// The names are those by which a Linux host reports the usages (hid-input.c): 0x74 ("Execute") is
// "open".
constexpr Key kKeys[] = {
    {KEY_A, 0x04, "a"},
    {KEY_B, 0x05, "b"},
    {KEY_C, 0x06, "c"},
    {KEY_D, 0x07, "d"},
    {KEY_E, 0x08, "e"},
    {KEY_F, 0x09, "f"},
    {KEY_G, 0x0a, "g"},
    {KEY_H, 0x0b, "h"},
    {KEY_I, 0x0c, "i"},
    {KEY_J, 0x0d, "j"},
    {KEY_K, 0x0e, "k"},
    {KEY_L, 0x0f, "l"},
    {KEY_M, 0x10, "m"},
    {KEY_N, 0x11, "n"},
    {KEY_O, 0x12, "o"},
    {KEY_P, 0x13, "p"},
    {KEY_Q, 0x14, "q"},
    {KEY_R, 0x15, "r"},
    {KEY_S, 0x16, "s"},
    {KEY_T, 0x17, "t"},
    {KEY_U, 0x18, "u"},
    {KEY_V, 0x19, "v"},
    {KEY_W, 0x1a, "w"},
    {KEY_X, 0x1b, "x"},
    {KEY_Y, 0x1c, "y"},
    {KEY_Z, 0x1d, "z"},
    {KEY_1, 0x1e, "1"},
    {KEY_2, 0x1f, "2"},
    {KEY_3, 0x20, "3"},
    {KEY_4, 0x21, "4"},
    {KEY_5, 0x22, "5"},
    {KEY_6, 0x23, "6"},
    {KEY_7, 0x24, "7"},
    {KEY_8, 0x25, "8"},
    {KEY_9, 0x26, "9"},
    {KEY_0, 0x27, "0"},
    {KEY_ENTER, 0x28, "enter"},
    {KEY_ESC, 0x29, "esc"},
    {KEY_BACKSPACE, 0x2a, "backspace"},
    {KEY_TAB, 0x2b, "tab"},
    {KEY_SPACE, 0x2c, "space"},
    {KEY_MINUS, 0x2d, "minus"},
    {KEY_EQUAL, 0x2e, "equal"},
    {KEY_LEFTBRACE, 0x2f, "leftbrace"},
    {KEY_RIGHTBRACE, 0x30, "rightbrace"},
    {KEY_BACKSLASH, 0x31, "backslash"},
    {KEY_SEMICOLON, 0x33, "semicolon"},
    {KEY_APOSTROPHE, 0x34, "apostrophe"},
    {KEY_GRAVE, 0x35, "grave"},
    {KEY_COMMA, 0x36, "comma"},
    {KEY_DOT, 0x37, "dot"},
    {KEY_SLASH, 0x38, "slash"},
    {KEY_CAPSLOCK, 0x39, "capslock"},
    {KEY_F1, 0x3a, "f1"},
    {KEY_F2, 0x3b, "f2"},
    {KEY_F3, 0x3c, "f3"},
    {KEY_F4, 0x3d, "f4"},
    {KEY_F5, 0x3e, "f5"},
    {KEY_F6, 0x3f, "f6"},
    {KEY_F7, 0x40, "f7"},
    {KEY_F8, 0x41, "f8"},
    {KEY_F9, 0x42, "f9"},
    {KEY_F10, 0x43, "f10"},
    {KEY_F11, 0x44, "f11"},
    {KEY_F12, 0x45, "f12"},
    {KEY_SYSRQ, 0x46, "sysrq"},
    {KEY_SCROLLLOCK, 0x47, "scrolllock"},
    {KEY_PAUSE, 0x48, "pause"},
    {KEY_INSERT, 0x49, "insert"},
    {KEY_HOME, 0x4a, "home"},
    {KEY_PAGEUP, 0x4b, "pageup"},
    {KEY_DELETE, 0x4c, "delete"},
    {KEY_END, 0x4d, "end"},
    {KEY_PAGEDOWN, 0x4e, "pagedown"},
    {KEY_RIGHT, 0x4f, "right"},
    {KEY_LEFT, 0x50, "left"},
    {KEY_DOWN, 0x51, "down"},
    {KEY_UP, 0x52, "up"},
    {KEY_NUMLOCK, 0x53, "numlock"},
    {KEY_KPSLASH, 0x54, "kpslash"},
    {KEY_KPASTERISK, 0x55, "kpasterisk"},
    {KEY_KPMINUS, 0x56, "kpminus"},
    {KEY_KPPLUS, 0x57, "kpplus"},
    {KEY_KPENTER, 0x58, "kpenter"},
    {KEY_KP1, 0x59, "kp1"},
    {KEY_KP2, 0x5a, "kp2"},
    {KEY_KP3, 0x5b, "kp3"},
    {KEY_KP4, 0x5c, "kp4"},
    {KEY_KP5, 0x5d, "kp5"},
    {KEY_KP6, 0x5e, "kp6"},
    {KEY_KP7, 0x5f, "kp7"},
    {KEY_KP8, 0x60, "kp8"},
    {KEY_KP9, 0x61, "kp9"},
    {KEY_KP0, 0x62, "kp0"},
    {KEY_KPDOT, 0x63, "kpdot"},
    {KEY_102ND, 0x64, "102nd"},
    {KEY_COMPOSE, 0x65, "compose"},
    {KEY_POWER, 0x66, "power", system_control(0x81)},
    {KEY_KPEQUAL, 0x67, "kpequal"},
    {KEY_F13, 0x68, "f13"},
    {KEY_F14, 0x69, "f14"},
    {KEY_F15, 0x6a, "f15"},
    {KEY_F16, 0x6b, "f16"},
    {KEY_F17, 0x6c, "f17"},
    {KEY_F18, 0x6d, "f18"},
    {KEY_F19, 0x6e, "f19"},
    {KEY_F20, 0x6f, "f20"},
    {KEY_F21, 0x70, "f21"},
    {KEY_F22, 0x71, "f22"},
    {KEY_F23, 0x72, "f23"},
    {KEY_F24, 0x73, "f24"},
    {KEY_OPEN, 0x74, "open"},
    {KEY_HELP, 0x75, "help"},
    {KEY_PROPS, 0x76, "props"},
    {KEY_FRONT, 0x77, "front"},
    {KEY_STOP, 0x78, "stop"},
    {KEY_AGAIN, 0x79, "again"},
    {KEY_UNDO, 0x7a, "undo"},
    {KEY_CUT, 0x7b, "cut"},
    {KEY_COPY, 0x7c, "copy"},
    {KEY_PASTE, 0x7d, "paste"},
    {KEY_FIND, 0x7e, "find"},
    {KEY_MUTE, 0x7f, "mute", consumer(0xe2)},
    {KEY_VOLUMEUP, 0x80, "volumeup", consumer(0xe9)},
    {KEY_VOLUMEDOWN, 0x81, "volumedown", consumer(0xea)},
    {KEY_KPCOMMA, 0x85, "kpcomma"},
    {KEY_RO, 0x87, "ro"},
    {KEY_KATAKANAHIRAGANA, 0x88, "katakanahiragana"},
    {KEY_YEN, 0x89, "yen"},
    {KEY_HENKAN, 0x8a, "henkan"},
    {KEY_MUHENKAN, 0x8b, "muhenkan"},
    {KEY_KPJPCOMMA, 0x8c, "kpjpcomma"},
    {KEY_HANGEUL, 0x90, "hangeul"},
    {KEY_HANJA, 0x91, "hanja"},
    {KEY_KATAKANA, 0x92, "katakana"},
    {KEY_HIRAGANA, 0x93, "hiragana"},
    {KEY_ZENKAKUHANKAKU, 0x94, "zenkakuhankaku"},
    {KEY_KPLEFTPAREN, 0xb6, "kpleftparen"},
    {KEY_KPRIGHTPAREN, 0xb7, "kprightparen"},
    {KEY_LEFTCTRL, 0xe0, "leftctrl"},
    {KEY_LEFTSHIFT, 0xe1, "leftshift"},
    {KEY_LEFTALT, 0xe2, "leftalt"},
    {KEY_LEFTMETA, 0xe3, "leftmeta"},
    {KEY_RIGHTCTRL, 0xe4, "rightctrl"},
    {KEY_RIGHTSHIFT, 0xe5, "rightshift"},
    {KEY_RIGHTALT, 0xe6, "rightalt"},
    {KEY_RIGHTMETA, 0xe7, "rightmeta"},
    {KEY_SLEEP, 0, "sleep", system_control(0x82)},
    {KEY_WAKEUP, 0, "wakeup", system_control(0x83)},
    {KEY_PLAYPAUSE, 0, "playpause", consumer(0xcd)},
    {KEY_STOPCD, 0, "stopcd", consumer(0xb7)},
    {KEY_NEXTSONG, 0, "nextsong", consumer(0xb5)},
    {KEY_PREVIOUSSONG, 0, "previoussong", consumer(0xb6)},
    {KEY_FASTFORWARD, 0, "fastforward", consumer(0xb3)},
    {KEY_REWIND, 0, "rewind", consumer(0xb4)},
    {KEY_RECORD, 0, "record", consumer(0xb2)},
    {KEY_EJECTCD, 0, "ejectcd", consumer(0xb8)},
    {KEY_BRIGHTNESSUP, 0, "brightnessup", consumer(0x6f)},
    {KEY_BRIGHTNESSDOWN, 0, "brightnessdown", consumer(0x70)},
    {KEY_CONFIG, 0, "config", consumer(0x183)},
    {KEY_MAIL, 0, "mail", consumer(0x18a)},
    {KEY_CALC, 0, "calc", consumer(0x192)},
    {KEY_FILE, 0, "file", consumer(0x194)},
    {KEY_WWW, 0, "www", consumer(0x196)},
    {KEY_COFFEE, 0, "coffee", consumer(0x19e)},
    {KEY_SEARCH, 0, "search", consumer(0x221)},
    {KEY_HOMEPAGE, 0, "homepage", consumer(0x223)},
    {KEY_BACK, 0, "back", consumer(0x224)},
    {KEY_FORWARD, 0, "forward", consumer(0x225)},
    {KEY_REFRESH, 0, "refresh", consumer(0x227)},
    {KEY_BOOKMARKS, 0, "bookmarks", consumer(0x22a)},
};

constexpr std::size_t kKeyboardKeys =
    std::size(kKeys) - static_cast<std::size_t>(std::ranges::count(kKeys, 0, &Key::usage));

struct Alias {
  const char* alias;
  const char* name;
};
constexpr Alias kAliases[] = {
    {"ctrl", "leftctrl"},
    {"control", "leftctrl"},
    {"shift", "leftshift"},
    {"alt", "leftalt"},
    {"option", "leftalt"},
    {"altgr", "rightalt"},
    {"super", "leftmeta"},
    {"meta", "leftmeta"},
    {"win", "leftmeta"},
    {"cmd", "leftmeta"},
    {"return", "enter"},
    {"escape", "esc"},
    {"del", "delete"},
    {"ins", "insert"},
    {"pgup", "pageup"},
    {"pgdn", "pagedown"},
    {"pgdown", "pagedown"},
    {"print", "sysrq"},
    {"printscreen", "sysrq"},
    {"prtsc", "sysrq"},
    {"menu", "compose"},
    {"break", "pause"},
    {"period", "dot"},
    {"hangul", "hangeul"},
    {"nexttrack", "nextsong"},
    {"prevtrack", "previoussong"},
    {"previoustrack", "previoussong"},
    {"mediastop", "stopcd"},
    {"eject", "ejectcd"},
    {"mediaselect", "config"},
    {"calculator", "calc"},
    {"screenlock", "coffee"},

};

// Positions in kKeys by code and by usage. 0xff: there is no such key.
struct Index {
  std::array<std::uint8_t, 256> by_code{}, by_usage{};
};
constexpr Index make_index() {
  Index index;
  index.by_code.fill(0xff);
  index.by_usage.fill(0xff);
  for (std::uint8_t i = 0; i < std::size(kKeys); ++i) {
    index.by_code[kKeys[i].code] = i;
    if (kKeys[i].usage != 0) index.by_usage[kKeys[i].usage] = i;
  }
  return index;
}
constexpr Index kIndex = make_index();

bool same_name(std::string_view a, const char* b) noexcept {
  return a.size() == std::string_view(b).size() && strncasecmp(a.data(), b, a.size()) == 0;
}

}  // namespace

std::span<const Key> all_keys() noexcept {
  return std::span(kKeys).first(kKeyboardKeys);
}

std::span<const Key> keys_in_controls_only() noexcept {
  return std::span(kKeys).subspan(kKeyboardKeys);
}

const Key* find_key(std::string_view name) noexcept {
  for (const Alias& alias : kAliases) {
    if (same_name(name, alias.alias)) name = alias.name;
  }
  const auto* found =
      std::ranges::find_if(kKeys, [&](const Key& key) { return same_name(name, key.name); });
  return found == std::end(kKeys) ? nullptr : found;
}

const Key* find_key_code(std::uint16_t code) noexcept {
  const std::uint8_t at = code < kIndex.by_code.size() ? kIndex.by_code[code] : 0xff;
  return at == 0xff ? nullptr : &kKeys[at];
}

const Key* find_key_usage(std::uint8_t usage) noexcept {
  const std::uint8_t at = kIndex.by_usage[usage];
  return at == 0xff ? nullptr : &kKeys[at];
}

}  // namespace kvm
