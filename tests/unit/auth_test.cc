#include "net/auth.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "password_hash.h"

namespace kvm {
namespace {

struct AuthTest : testing::Test {
  AuthTest() { write("ann:" + kHash + "\nbob:" + kHash + "\n"); }
  ~AuthTest() override { std::remove(file.c_str()); }
  void write(const std::string& lines) { std::ofstream(file) << lines; }
  Auth open() {
    return {loop, audit, {file}, [this] { ++ended; }};
  }
  // Logs `name` in by the form.
  Auth::Checked enter(Auth& auth, const std::string& name) {
    Auth::Checked result{};
    auth.check(name, "password", "", "192.0.2.9", Auth::Purpose::kSession,
               [&](const Auth::Checked& checked) {
                 result = checked;
                 loop.stop();
               });
    loop.run();
    return result;
  }
  // Whether a program's name and password let it in without a check.
  static bool remembered(Auth& auth, const std::string& address) {
    bool at_once = false;
    const auto state = std::make_shared<bool*>(&at_once);
    auth.check("ann", "password", "", address, Auth::Purpose::kRequest,
               [state](const Auth::Checked& checked) {
                 if (*state) **state = checked.verdict == Auth::Verdict::kYes;
               });
    *state = nullptr;
    return at_once;
  }
  // Waits for the verdict on a name and password.
  Auth::Verdict judged(Auth& auth, const std::string& password, const std::string& address,
                       const std::string& name = "ann") {
    Auth::Verdict verdict = Auth::Verdict::kWait;
    auth.check(name, password, "", address, Auth::Purpose::kRequest,
               [&](const Auth::Checked& checked) {
                 verdict = checked.verdict;
                 loop.after(0, [this] { loop.stop(); });
               });
    loop.run();
    return verdict;
  }

  std::string file = testing::TempDir() + "passwords." + std::to_string(::getpid());
  std::int64_t skipped_us = 0;  // by which the loop's clock is ahead of the real one
  Loop loop{[this] { return monotonic_us() + skipped_us; }};
  Audit audit;
  int ended = 0;
};

TEST_F(AuthTest, WhoGuessedWaitsWithTheRightPasswordToo) {
  Auth auth = open();
  EXPECT_EQ(judged(auth, "password", "192.0.2.1"), Auth::Verdict::kYes);
  EXPECT_TRUE(remembered(auth, "192.0.2.1"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(judged(auth, "bad", "192.0.2.1"), Auth::Verdict::kNo) << i;
  EXPECT_FALSE(remembered(auth, "192.0.2.1"));
  EXPECT_TRUE(remembered(auth, "192.0.2.2"));
  skipped_us += 2'000'000;
  EXPECT_TRUE(remembered(auth, "192.0.2.1"));
}

TEST_F(AuthTest, GuessesAtOnceAreAsManyAsOneAfterTheOther) {
  Auth auth = open();
  int at_once = 0, decided = 0;
  for (int i = 0; i < 12; ++i)
    auth.check("ann", "bad" + std::to_string(i), "", "192.0.2.1", Auth::Purpose::kRequest,
               [&](const Auth::Checked& checked) {
                 checked.verdict == Auth::Verdict::kWait ? ++at_once : ++decided;
                 if (decided == 4) loop.stop();
               });
  EXPECT_EQ(at_once, 8);
  loop.run();
  EXPECT_EQ(decided, 4);
  EXPECT_EQ(auth.counts().failures, 4u);
  EXPECT_EQ(auth.counts().throttled, 8u);
}

TEST_F(AuthTest, TheSameAtOnceIsOneTry) {
  Auth auth = open();
  for (const bool right : {true, false}) {
    std::vector<Auth::Verdict> verdicts;
    for (int i = 0; i < 12; ++i)
      auth.check("ann", right ? "password" : "bad", "", "192.0.2.1", Auth::Purpose::kRequest,
                 [&](const Auth::Checked& checked) {
                   verdicts.push_back(checked.verdict);
                   if (verdicts.size() == 12) loop.stop();
                 });
    loop.after(30'000'000, [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(verdicts, std::vector(12, right ? Auth::Verdict::kYes : Auth::Verdict::kNo));
  }
  EXPECT_EQ(auth.counts().failures, 1u);
  EXPECT_EQ(judged(auth, "password", "192.0.2.1"), Auth::Verdict::kYes);
}

TEST_F(AuthTest, AnUnknownNameTakesAsLongAsSomebodysAndAlwaysTheSame) {
  const std::string slow = "$6$rounds=300000$saltsalt$" + kHash.substr(12);
  write("ann:" + kHash + "\nbob:" + slow + "\n");
  Auth auth = open();
  int guesses = 0;
  const auto takes = [&](const std::string& name) {  // CPU time
    const std::clock_t began = std::clock();
    EXPECT_EQ(judged(auth, "password", "192.0.2." + std::to_string(guesses++), name),
              Auth::Verdict::kNo);
    return std::clock() - began;
  };
  const std::clock_t bob = takes("bob");
  std::string quick, late;
  for (int i = 0; i < 40 && (quick.empty() || late.empty()); ++i) {
    const std::string name = "nobody" + std::to_string(i);
    (takes(name) > bob / 10 ? late : quick) = name;
  }
  ASSERT_FALSE(quick.empty());
  ASSERT_FALSE(late.empty());
  EXPECT_LT(takes(quick), bob / 10);
  EXPECT_GT(takes(late), bob / 10);
}

// The answer that too many passwords wait is given at once, without crypt(3). It must not tell
// whether a password is the one in use, nor keep users out afterwards.
TEST_F(AuthTest, WhileTooManyPasswordsWaitNoneIsLookedAt) {
  Auth auth = open();
  EXPECT_EQ(judged(auth, "password", "192.0.2.1"), Auth::Verdict::kYes);
  const auto guess = [&](const std::string& password, const std::string& address) {
    auto verdict = std::make_shared<std::optional<Auth::Verdict>>();
    auth.check("ann", password, "", address, Auth::Purpose::kRequest,
               [verdict](const Auth::Checked& checked) { *verdict = checked.verdict; });
    return verdict;
  };
  int strangers = 0;
  // Whether a guess of a new address is told to wait: the queue is full.
  const auto is_full = [&] {
    ++strangers;
    const auto verdict = *guess("bad", strf("10.%d.%d.1", strangers / 250, strangers % 250));
    return verdict == Auth::Verdict::kWait;
  };
  for (int full = 0; full < 10;) {
    if (!is_full()) continue;
    const auto verdict = *guess("password", "203.0.113.1");
    if (!is_full()) continue;  // a password was checked in the meantime
    ++full;
    EXPECT_EQ(verdict, Auth::Verdict::kWait);
    EXPECT_EQ(*guess("password", "192.0.2.1"), Auth::Verdict::kYes) << "they logged in before";
  }
  EXPECT_EQ(judged(auth, "bad", "192.0.2.1"), Auth::Verdict::kNo) << "and have their own queue";
  for (int i = 0; i < 200 && judged(auth, "password", "203.0.113.1") != Auth::Verdict::kYes; ++i)
    loop.turn(100'000);
  EXPECT_TRUE(remembered(auth, "203.0.113.1")) << "nothing counted as a failure";
}

TEST_F(AuthTest, AFormLoginIsOneSession) {
  Auth auth = open();
  const Auth::Checked first = enter(auth, "ann");
  for (int i = 0; i < 49; ++i) enter(auth, "ann");
  EXPECT_TRUE(auth.session(first.token)) << "a user has 50";
  EXPECT_FALSE(remembered(auth, "192.0.2.1")) << "a form does not let programs in";
}

TEST_F(AuthTest, ACookieIsNoPasswordAndNoKeyOfASession) {
  Auth auth = open();
  const Auth::Checked form = enter(auth, "ann");
  EXPECT_EQ(form.token.size(), 64u);
  EXPECT_FALSE(auth.session(form.user.session));
  EXPECT_TRUE(auth.session(form.token));
}

TEST_F(AuthTest, SessionsEndByLogoutEachOnItsOwn) {
  Auth auth = open();
  const Auth::Checked desk = enter(auth, "ann"), tablet = enter(auth, "ann");
  EXPECT_EQ(desk.user.name, "ann");
  EXPECT_EQ(desk.user.role, Role::kControl);
  EXPECT_NE(desk.token, tablet.token);
  auth.close(desk.token, "192.0.2.1");
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(auth.holds(desk.user));
  EXPECT_FALSE(auth.session(desk.token));
  EXPECT_TRUE(auth.holds(tablet.user));
}

TEST_F(AuthTest, SessionsEndWithTheLineInTheFile) {
  Auth auth = open();
  const User ann = enter(auth, "ann").user, bob = enter(auth, "bob").user;
  write("ann:" + kHash + ":view\nbob:" + kHash + "\n");
  auth.reload();
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(auth.holds(ann));
  EXPECT_TRUE(auth.holds(bob));
  write("broken\n");
  EXPECT_THROW(auth.reload(), Error);
  EXPECT_TRUE(auth.holds(bob));
}

TEST_F(AuthTest, SessionsEnd12HoursAfterTheirLastUse) {
  Auth auth = open();
  const Auth::Checked ann = enter(auth, "ann");
  constexpr std::int64_t kHourUs = 3'600'000'000;
  skipped_us += 11 * kHourUs;
  EXPECT_TRUE(auth.session(ann.token));
  skipped_us += 11 * kHourUs;
  EXPECT_TRUE(auth.holds(ann.user));
  skipped_us += 2 * kHourUs;
  EXPECT_FALSE(auth.holds(ann.user));
  EXPECT_FALSE(auth.session(ann.token));
}

struct SecondFactors : AuthTest {
  SecondFactors() {
    write("ann:" + kHash + ":control:totp=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\nbob:" + kHash + "\n");
  }
  ~SecondFactors() override { std::remove(used.c_str()); }
  Auth open() {
    return {loop, audit, {file, used}, [] {}};
  }
  Auth::Verdict judged(Auth& auth, const std::string& name, const std::string& password,
                       const std::string& code, const std::string& address = "192.0.2.1") {
    Auth::Verdict verdict = Auth::Verdict::kWait;
    auth.check(name, password, code, address, Auth::Purpose::kSession,
               [&](const Auth::Checked& checked) {
                 verdict = checked.verdict;
                 loop.after(0, [this] { loop.stop(); });
               });
    loop.run();
    return verdict;
  }
  // What an authenticator app would show, by another program.
  static std::string code() {
    std::string text(6, '\0');
    const std::unique_ptr<FILE, int (*)(FILE*)> tool(
        ::popen("oathtool --totp -b GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "r"), ::pclose);
    return std::fread(text.data(), 1, 6, tool.get()) == 6 ? text : "";
  }
  std::string used = file + ".used";
};

TEST_F(SecondFactors, PasswordAndCodeAreBothNeededAndTheCodeOnlyOnce) {
  Auth auth = open();
  EXPECT_EQ(judged(auth, "ann", "password", ""), Auth::Verdict::kNo);
  EXPECT_EQ(judged(auth, "ann", "bad", code()), Auth::Verdict::kNo) << "does not use the code up";
  const std::string shown = code();
  EXPECT_EQ(judged(auth, "ann", "password", shown), Auth::Verdict::kYes);
  EXPECT_EQ(judged(auth, "ann", "password", shown), Auth::Verdict::kNo);
  EXPECT_FALSE(remembered(auth, "192.0.2.2")) << "a password alone is not enough";
  EXPECT_EQ(judged(auth, "bob", "password", "", "192.0.2.3"), Auth::Verdict::kYes);
}

TEST_F(SecondFactors, WrongCodesCountAsWrongPasswordsDo) {
  Auth auth = open();
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(judged(auth, "ann", "password", "000000"), Auth::Verdict::kNo);
  Auth::Verdict verdict = Auth::Verdict::kYes;
  auth.check("bob", "password", "", "192.0.2.1", Auth::Purpose::kSession,
             [&](const Auth::Checked& checked) { verdict = checked.verdict; });
  EXPECT_EQ(verdict, Auth::Verdict::kWait) << "the address waits";
  EXPECT_EQ(judged(auth, "ann", "password", code(), "192.0.2.2"), Auth::Verdict::kNo)
      << "and so does the account, whatever the address; the answer is that to a wrong password";
  EXPECT_EQ(judged(auth, "ann", "bad", code(), "192.0.2.3"), Auth::Verdict::kNo);
}

TEST_F(SecondFactors, APasswordWithoutACodeDoesNotMakeTheUserWait) {
  Auth auth = open();
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(judged(auth, "ann", "password", "", "192.0.2." + std::to_string(i)),
              Auth::Verdict::kNo);
  EXPECT_EQ(judged(auth, "ann", "password", code(), "192.0.2.99"), Auth::Verdict::kYes);
}

TEST_F(SecondFactors, ACodeThatIsSentTwiceAtOnceOpensOneSession) {
  Auth auth = open();
  const std::string shown = code();
  std::vector<Auth::Verdict> verdicts;
  for (int i = 0; i < 4; ++i)
    auth.check("ann", "password", shown, "192.0.2.1", Auth::Purpose::kSession,
               [&](const Auth::Checked& checked) {
                 verdicts.push_back(checked.verdict);
                 if (verdicts.size() == 4) loop.after(0, [this] { loop.stop(); });
               });
  loop.run();
  EXPECT_EQ(std::ranges::count(verdicts, Auth::Verdict::kYes), 1);
}

TEST_F(SecondFactors, AnUnknownNameUsesNobodysCodeUp) {
  Auth auth = open();
  const std::string shown = code();
  EXPECT_EQ(judged(auth, "nobody", "password", shown), Auth::Verdict::kNo);
  EXPECT_EQ(judged(auth, "someone", "password", shown), Auth::Verdict::kNo);
  EXPECT_EQ(judged(auth, "ann", "password", shown), Auth::Verdict::kYes);
}

TEST_F(SecondFactors, WithoutAFileForUsedCodesThePasswordFileIsRefused) {
  EXPECT_THROW(Auth(loop, audit, {file}, nullptr), Error);
  EXPECT_THROW(Auth(loop, audit, {file, "/proc/none/used"}, nullptr), Error);
}

TEST_F(AuthTest, AUserOfAnotherTargetIsUnknown) {
  write("ann:" + kHash + ":control:targets=db1,db2\nbob:" + kHash + "\n");
  Auth db2(loop, audit, {file, "", "db2"}, [] {}), db3(loop, audit, {file, "", "db3"}, [] {});
  EXPECT_EQ(judged(db2, "password", "192.0.2.1", "ann"), Auth::Verdict::kYes);
  EXPECT_EQ(judged(db3, "password", "192.0.2.1", "ann"), Auth::Verdict::kNo);
  EXPECT_EQ(judged(db3, "password", "192.0.2.1", "bob"), Auth::Verdict::kYes);
  EXPECT_TRUE(db2.known_to_proxy("ann"));
  EXPECT_FALSE(db3.known_to_proxy("ann"));
  EXPECT_THROW(Auth(loop, audit, {file}, nullptr), Error) << "this server has no target";
}

TEST_F(AuthTest, SessionsAreNotNeededWithoutAFile) {
  const Auth everybody(loop, audit, {""}, nullptr);
  EXPECT_TRUE(everybody.holds({}));
}

}  // namespace
}  // namespace kvm
