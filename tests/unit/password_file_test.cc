#include "net/password_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "password_hash.h"

namespace kvm {
namespace {

TEST(Passwords, LinesAreReadAndJudged) {
  const auto accounts = parse_passwords(
      "# people\n\nann:" + kHash + ":control\nbob:" + kHash + ":view\ncy:" + kHash + "\n", "p");
  ASSERT_EQ(accounts.size(), 3u);
  EXPECT_EQ(accounts[1].role, Role::kView);
  EXPECT_EQ(accounts[2].role, Role::kControl);
  for (const std::string& bad : std::initializer_list<std::string>{
           "", "ann", "ann:" + kHash + ":root", "ann:plain:view", "ann:$1$abc$def:view",
           ":" + kHash, "a:" + kHash + "\na:" + kHash})
    EXPECT_THROW(parse_passwords(bad, "p"), Error) << bad;
}

TEST(Passwords, Apache2yIsBcrypt) {
  const auto accounts =
      parse_passwords("a:$2y$04$abcdefghijklmnopqrstuu5Ai6CnM/lUDGEf.lEJ0BM1uEGmXKV9i", "p");
  EXPECT_TRUE(accounts[0].hash.starts_with("$2b$"));
}

TEST(Passwords, FitTheirHashOnly) {
  EXPECT_TRUE(password_fits("password", kHash));
  for (const std::string& wrong :
       {std::string("passwore"), std::string(), std::string("password\0", 9)})
    EXPECT_FALSE(password_fits(wrong, kHash)) << wrong;
  EXPECT_FALSE(password_fits("password", "no hash"));
}

}  // namespace
}  // namespace kvm
