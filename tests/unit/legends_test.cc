#include "keys/legends.h"

#include <gtest/gtest.h>

#include <map>
#include <string_view>

#include "base/error.h"

namespace kvm {
namespace {

using Levels = std::array<std::string, 4>;

std::map<std::string_view, Levels> printed_on(const std::string& layout) {
  std::map<std::string_view, Levels> all;
  for (const Legend& legend : legends(layout)) all[legend.key->name] = legend.levels;
  return all;
}

TEST(Legends, AreWhatIsPrintedOnTheKeys) {
  auto german = printed_on("de");
  EXPECT_EQ(german["q"], (Levels{"q", "Q", "@", "Ω"}));
  EXPECT_EQ(german["y"][0], "z");
  EXPECT_EQ(german["grave"][0], "^");  // a dead key
  EXPECT_EQ(german["equal"][0], "´");  // a dead key
  EXPECT_EQ(german["102nd"][2], "|");
  EXPECT_EQ(printed_on("us")["q"], (Levels{"q", "Q", "", ""}));
}

TEST(Legends, LeaveOutWhatCannotBeSeen) {
  auto us = printed_on("us");
  for (const char* key : {"space", "enter", "tab", "esc", "f1", "kp1", "leftshift"})
    EXPECT_FALSE(us.contains(key)) << key;
}

TEST(Legends, OfAnyScript) {
  for (const char* layout : {"gb", "fr", "us:dvorak", "ru", "gr", "il", "th", "jp", "de:neo"})
    EXPECT_GE(legends(layout).size(), 45u) << layout;
}

TEST(Legends, OfNoLayoutThereIsNot) {
  EXPECT_THROW(legends("nosuch"), Error);
}

}  // namespace
}  // namespace kvm
