#include "net/audit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <regex>

#include "base/io.h"
#include "base/text.h"

namespace kvm {
namespace {

// The lines of the file without their times.
std::string lines(const std::string& file) {
  std::string all;
  std::string text = read_file(file);
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1)
    all += text.substr(text.find(' ', at) + 1, end - text.find(' ', at));
  return all;
}

struct AuditTest : testing::Test {
  ~AuditTest() override { std::remove(file.c_str()); }
  std::string file = testing::TempDir() + "audit." + std::to_string(::getpid());
};

TEST_F(AuditTest, AVisitHasABeginningAndAnEnd) {
  Audit audit(file);
  {
    const Visit visit(audit, "console", {"ann", Role::kView, "", "::1"}, {{"viewer", "7"}});
    EXPECT_EQ(lines(file), "console opened from ::1 user=ann viewer=7\n");
  }
  EXPECT_TRUE(std::regex_match(
      lines(file), std::regex("console opened from ::1 user=ann viewer=7\n"
                              "console closed from ::1 user=ann viewer=7 seconds=\\d+\n")));
}

TEST_F(AuditTest, WhoComesTooOftenDoesNotFillTheTrail) {
  Audit audit(file);
  for (int i = 0; i < 3 * Audit::kMostOften; ++i)
    const Visit visit(audit, "stream", {"eve", Role::kView, "", "2001:db8::" + std::to_string(i)});
  const Visit visit(audit, "stream", {"ann", Role::kView, "", "2001:db8::1"});
  audit.note("login", {"eve", Role::kView, "", "2001:db8::1"});
  const std::string text = lines(file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2 * Audit::kMostOften + 2);
  EXPECT_TRUE(std::regex_search(text, std::regex("user=eve more=unwritten\n.*seconds=0\n"
                                                 "stream opened from 2001:db8::1 user=ann\n"
                                                 "login from 2001:db8::1 user=eve\n$")));
}

TEST_F(AuditTest, AnEventThatAUserRepeatsWithoutEndIsCounted) {
  Audit audit(file);
  const User eve{"eve", Role::kControl, "", "2001:db8::1"};
  for (int i = 0; i < 1000; ++i) audit.note("control taken", eve);
  audit.note("logout", eve);
  audit.note("control taken", {"ann", Role::kControl, "", "2001:db8::1"});
  const std::string text = lines(file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), Audit::kMostOften + 2);
  EXPECT_NE(text.find("logout from"), std::string::npos);
}

TEST_F(AuditTest, StrangersAtManyAddressesAndWithManyNamesDoNotFillTheTrail) {
  Audit audit(file);
  for (int i = 0; i < 100; ++i)
    audit.note_stranger("login failed", {std::to_string(i), {}, "", "192.0.2.1"});
  for (int i = 0; i < 2 * Audit::kMostOfStrangers; ++i)
    audit.note_stranger("login failed", {"", {}, "", strf("198.51.%d.%d", i / 200, i % 200)});
  audit.note("login", {"ann", Role::kView, "", "192.0.2.1"});
  const std::string text = lines(file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), Audit::kMostOfStrangers + 1);
  EXPECT_NE(text.find("\nlogin from"), std::string::npos);
}

TEST_F(AuditTest, ALongNameIsCut) {
  Audit audit(file);
  audit.note("login", {std::string(3000, 'x'), Role::kView, "", "::1"});
  EXPECT_LT(lines(file).size(), 300u);
}

// The kernel writes a part of a line where a limit on the file's size ends, as on a full disc.
TEST_F(AuditTest, AHalfLineStaysOnALineOfItsOwn) {
  Audit audit(file);
  audit.note("first", {});
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit little{read_file(file).size() + 30, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &little);
  audit.note("second", {});
  audit.note("third", {});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  audit.note("fourth", {});
  const std::string text = read_file(file), last = "fourth from - user=-\n";
  ASSERT_TRUE(text.ends_with(last));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_TRUE(lines(file).starts_with("first from - user=-\n"));
}

}  // namespace
}  // namespace kvm
