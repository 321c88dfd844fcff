#include "net/tokens.h"

#include <gtest/gtest.h>

#include "password_hash.h"

namespace kvm {
namespace {

using Verdict = Tokens::Verdict;

const std::string kToken = "kvm_" + std::string(64, 'a'), kOther = "kvm_" + std::string(64, 'b');
constexpr std::int64_t kDayS = 86'400, kNew2030S = 1'893'456'000;  // date -ud 2030-01-01 +%s

std::string line(const std::string& name, const std::string& token, const std::string& rest) {
  return name + ":" + token_hash(token) + ":" + rest + "\n";
}

Tokens tokens(const std::string& lines) {
  Tokens made;
  made.set(parse_passwords(lines, "p"));
  return made;
}

TEST(Tokens, AreHashedBySha256) {
  // printf kvm_%064d 0 | sha256sum
  EXPECT_EQ(token_hash("kvm_" + std::string(64, '0')),
            "$token$2a4a41a35d790b2b46ce3372464e3caa04d7b0108ee2ae75ebe052034f78ed21");
}

TEST(Tokens, HaveANameAndARole) {
  Tokens made = tokens(line("prometheus", kToken, "view") + "ann:" + kHash + "\n");
  const auto checked = made.check(kToken, "192.0.2.1", 0, 0);
  EXPECT_EQ(checked.verdict, Verdict::kYes);
  EXPECT_EQ(checked.user.name, "prometheus");
  EXPECT_EQ(checked.user.role, Role::kView);
  EXPECT_TRUE(made.holds(checked.user, 0));
  EXPECT_EQ(made.check(kOther, "192.0.2.1", 0, 0).verdict, Verdict::kNo);
  for (const std::string& hash : {kHash, token_hash(kToken)})
    EXPECT_EQ(made.check(hash, "192.0.2.2", 0, 0).verdict, Verdict::kNo) << hash;
}

TEST(Tokens, EndOnTheirDay) {
  Tokens made = tokens(line("ci", kToken, "control:expires=2030-01-01"));
  const auto before = made.check(kToken, "192.0.2.1", 0, kNew2030S - 1);
  EXPECT_EQ(before.verdict, Verdict::kYes);
  EXPECT_TRUE(made.holds(before.user, kNew2030S - 1));
  EXPECT_FALSE(made.holds(before.user, kNew2030S));
  EXPECT_EQ(made.check(kToken, "192.0.2.1", 0, kNew2030S).verdict, Verdict::kExpired);
  EXPECT_EQ(made.check(kToken, "192.0.2.1", 0, kNew2030S + kDayS).verdict, Verdict::kExpired);
}

TEST(Tokens, EndWithTheirLine) {
  Tokens made = tokens(line("ci", kToken, "control"));
  const User user = made.check(kToken, "192.0.2.1", 0, 0).user;
  made.set(parse_passwords(line("ci", kToken, "view"), "p"));
  EXPECT_FALSE(made.holds(user, 0)) << "another role";
  made.set(parse_passwords(line("ci", kOther, "control"), "p"));
  EXPECT_FALSE(made.holds(user, 0)) << "another token";
  EXPECT_EQ(made.check(kToken, "192.0.2.1", 0, 0).verdict, Verdict::kNo);
}

TEST(Tokens, AWrongOneIsThrottledAndARightOneIsNot) {
  Tokens made = tokens(line("ci", kToken, "view"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(made.check(kOther, "::1", 0, 0).verdict, Verdict::kNo);
  const auto next = made.check(kOther, "::1", 0, 0);
  EXPECT_EQ(next.verdict, Verdict::kWait);
  EXPECT_EQ(next.wait_s, 2);
  EXPECT_EQ(made.check(kToken, "::1", 0, 0).verdict, Verdict::kYes);
  EXPECT_EQ(made.check(kOther, "192.0.2.1", 0, 0).verdict, Verdict::kNo);
}

TEST(Tokens, AShortWordIsNone) {
  const std::string word(31, 'p');
  EXPECT_EQ(tokens(line("ci", word, "view")).check(word, "::1", 0, 0).verdict, Verdict::kNo);
}

TEST(Tokens, LinesAreJudged) {
  for (const std::string bad : {"view:expires=2030-02-30", "view:expires=soon", "view:expires=",
                                "view:expires=2030-01", "view:expires", "view:colour=red", "view:"})
    EXPECT_THROW(tokens(line("ci", kToken, bad)), std::exception) << bad;
  EXPECT_THROW(tokens("ann:" + kHash + ":view:expires=2030-01-01"), std::exception);
  EXPECT_THROW(tokens("ci:" + token_hash(kToken).substr(0, 70) + ":view"), std::exception);
}

}  // namespace
}  // namespace kvm
