#include "net/second_factor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "base/io.h"
#include "net/totp.h"

namespace kvm {
namespace {

// RFC 6238, appendix B: the secret and, for some times, the last six of the eight digits.
const std::string kSecret = "12345678901234567890";
constexpr const char* kBase32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
constexpr struct {
  std::int64_t unix_s;
  const char* code;
} kCodes[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
              {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
constexpr std::int64_t kNow = 1234567890, kStep = 30;
constexpr const char* kCode = "005924";
constexpr const char* kRecovery = "hmv6-8rdb-zdpk-4di7";

TEST(Totp, GivesTheCodesOfTheRfc) {
  EXPECT_EQ(totp_secret(kBase32), kSecret);
  for (const auto& [unix_s, code] : kCodes)
    EXPECT_EQ(totp_step(kSecret, code, unix_s), unix_s / kStep) << code;
}

TEST(Totp, ClocksMayDifferByOneStep) {
  constexpr std::int64_t kBegin = kNow / kStep * kStep;  // of the code's step
  for (const std::int64_t right : {kBegin - kStep, kBegin, kBegin + 2 * kStep - 1})
    EXPECT_EQ(totp_step(kSecret, kCode, right), kNow / kStep) << right;
  for (const std::int64_t wrong : {kBegin - kStep - 1, kBegin + 2 * kStep})
    EXPECT_FALSE(totp_step(kSecret, kCode, wrong)) << wrong;
}

TEST(Totp, OtherWordsAreNoCodes) {
  for (const std::string& word :
       {std::string(), std::string("05924"), std::string("0005924"), std::string("89005924"),
        std::string("+05924"), std::string("00592 "), std::string("005924\0", 7)})
    EXPECT_FALSE(totp_step(kSecret, word, kNow)) << word;
}

TEST(Totp, ShortSecretsAreRefused) {
  for (const char* const bad : {"", "GEZDGNBVGY3TQOJQ", "GEZDGNBV1Y3TQOJQGEZDGNBVGY3TQOJQ"})
    EXPECT_FALSE(totp_secret(bad)) << bad;
}

struct Factors : testing::Test {
  using Verdict = SecondFactor::Verdict;
  Verdict verdict(SecondFactor& factor, const std::string& code, std::int64_t at = kNow) {
    return factor.check(account, code, now_us, at).verdict;
  }

  Factors() { std::filesystem::create_directory(folder); }
  ~Factors() override { std::filesystem::remove_all(folder); }

  std::string folder = testing::TempDir() + "codes." + std::to_string(::getpid());
  std::string file = folder + "/used";
  Account account{"ann", "", Role::kView, {}, kSecret, {recovery_hash(kRecovery)}};
  std::int64_t now_us = 0;
};

TEST_F(Factors, ACodeIsGoodOnceAlsoForAnotherServer) {
  SecondFactor first(file), second(file);
  EXPECT_EQ(verdict(first, kCode), Verdict::kYes);
  EXPECT_EQ(verdict(first, kCode), Verdict::kNo);
  EXPECT_EQ(verdict(second, kCode), Verdict::kNo);
  SecondFactor restarted(file);
  EXPECT_EQ(verdict(restarted, kCode, kNow + kStep), Verdict::kNo);
}

TEST_F(Factors, AnOlderCodeThanTheLastOneIsRefused) {
  SecondFactor factor(file);
  EXPECT_EQ(verdict(factor, "050471", 1111111111), Verdict::kYes);
  EXPECT_EQ(verdict(factor, "081804", 1111111111), Verdict::kNo) << "that of the step before";
}

TEST_F(Factors, AnotherUsersCodeIsTheirs) {
  SecondFactor factor(file);
  EXPECT_EQ(verdict(factor, kCode), Verdict::kYes);
  account = {"bob", "", Role::kView, {}, "another secret of bob", {}};
  EXPECT_EQ(verdict(factor, kCode), Verdict::kNo);
}

TEST_F(Factors, RecoveryCodesAreGoodOnceHoweverTheyAreWritten) {
  SecondFactor factor(file);
  EXPECT_EQ(verdict(factor, "HMV68RDB zdpk4di7"), Verdict::kYes);
  EXPECT_EQ(verdict(factor, kRecovery), Verdict::kNo);
  SecondFactor restarted(file);
  EXPECT_EQ(verdict(restarted, kRecovery), Verdict::kNo);
  EXPECT_EQ(verdict(restarted, account.recovery[0]), Verdict::kNo) << "the hash is no code";
}

TEST_F(Factors, GuessedCodesMakeTheAccountWaitButNotItsRecoveryCodes) {
  SecondFactor factor(file);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(verdict(factor, "000000"), Verdict::kNo);
  EXPECT_EQ(verdict(factor, kCode), Verdict::kWait);
  EXPECT_EQ(verdict(factor, kRecovery), Verdict::kYes);
  now_us = 2'000'000;
  EXPECT_EQ(verdict(factor, kCode), Verdict::kYes);
}

TEST_F(Factors, ACodeThatCannotBeNotedIsRefused) {
  SecondFactor nowhere(folder + "/missing/used");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(verdict(nowhere, kCode), Verdict::kNo);
  std::ofstream(file) << "garbage\n";
  SecondFactor factor(file);
  EXPECT_EQ(verdict(factor, kCode), Verdict::kNo);
  std::ofstream(file) << "";
  EXPECT_EQ(verdict(factor, kCode), Verdict::kYes);
}

// Whoever can open a folder or a file can lock it.
TEST_F(Factors, ALockOnTheFolderHoldsNobodyUp) {
  const Fd lock = open_fd(folder, O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  SecondFactor factor(file);
  EXPECT_EQ(verdict(factor, kCode), Verdict::kYes);
  EXPECT_EQ(std::filesystem::status(file + ".lock").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(Factors, TheFileHasNoSecretsAndOnlyItsOwnerReadsIt) {
  SecondFactor factor(file);
  EXPECT_EQ(verdict(factor, kCode), Verdict::kYes);
  EXPECT_EQ(verdict(factor, kRecovery), Verdict::kYes);
  const std::string text = read_file(file);
  for (const std::string& secret : {kSecret, std::string(kBase32), std::string("hmv68rdb")})
    EXPECT_EQ(text.find(secret), text.npos);
  struct stat status = {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

}  // namespace
}  // namespace kvm
