#include "http/origin.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>

#include "base/error.h"
#include "http/request.h"
#include "net/auth.h"

namespace kvm {
namespace {

TEST(Guard, HostIsSeparatedFromItsPort) {
  EXPECT_EQ(host_name("Example.org:8080"), "example.org");
  EXPECT_EQ(host_name("example.org."), "example.org");
  EXPECT_EQ(host_name("[::1]:80"), "::1");
  EXPECT_EQ(host_name("[::1"), "::1");
  EXPECT_EQ(host_name(""), "");
}

TEST(Guard, ACookieIsOnePorts) {
  EXPECT_EQ(cookie_name("Example.org:8443"), "kvm_session_8443");
  EXPECT_EQ(cookie_name("[::1]:80"), "kvm_session_80");
  EXPECT_EQ(cookie_name("[::1]"), "kvm_session");
  EXPECT_EQ(cookie_name("example.org"), "kvm_session");
  EXPECT_EQ(cookie_name("example.org:80;x=1"), "kvm_session");
  EXPECT_EQ(cookie_name(""), "kvm_session");
}

TEST(Guard, AForwardedAddressHasNoPort) {
  for (const char* word :
       {"192.0.2.8", "192.0.2.8:1000", "[::ffff:192.0.2.8]:1", "::ffff:192.0.2.8"})
    EXPECT_EQ(forwarded_address(word), "192.0.2.8") << word;
  for (const char* word : {"2001:db8::1", "[2001:db8::1]", "[2001:DB8:0::1]:99"})
    EXPECT_EQ(forwarded_address(word), "2001:db8::1") << word;
  for (const char* word : {"", "unknown", "unix", "_hidden:1", "[]:1", ":1"})
    EXPECT_EQ(forwarded_address(word), "") << word;
}

TEST(Guard, OnlyOurOwnNamesAreServed) {
  const HostList list({"kvm.example.org"});
  EXPECT_TRUE(list.allows("192.0.2.1:8080", "192.0.2.1", false));
  EXPECT_TRUE(list.allows("kvm.example.org", "192.0.2.1", false));
  EXPECT_TRUE(list.allows("localhost:8080", "127.0.0.1", true));
  EXPECT_TRUE(list.allows("", "127.0.0.1", true));
  EXPECT_FALSE(list.allows("localhost:8080", "192.0.2.1", false));
  EXPECT_FALSE(list.allows("evil.example", "127.0.0.1", true));
  EXPECT_FALSE(list.allows("127.0.0.1.evil.example:8080", "127.0.0.1", true));
  EXPECT_FALSE(list.allows("kvm.example.org.evil.example", "127.0.0.1", true));
}

TEST(Guard, OriginIsOursToTheLetter) {
  EXPECT_TRUE(same_origin("", "a:8080", false));
  EXPECT_TRUE(same_origin("http://a:8080", "a:8080", false));
  EXPECT_FALSE(same_origin("https://a:8080", "a:8080", false));
  EXPECT_TRUE(same_origin("https://a:8080", "a:8080", true));
  EXPECT_FALSE(same_origin("http://a", "a:8080", false));
  EXPECT_FALSE(same_origin("http://a:8080.evil", "a:8080", false));
  EXPECT_FALSE(same_origin("null", "a:8080", false));
}

const std::string hash =
    "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/"
    "jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";

TEST(Passwords, LinesAreReadAndJudged) {
  const auto accounts = parse_passwords(
      "# people\n\nann:" + hash + ":control\nbob:" + hash + ":view\ncy:" + hash + "\n", "p");
  ASSERT_EQ(accounts.size(), 3u);
  EXPECT_EQ(accounts[1].role, Role::kView);
  EXPECT_EQ(accounts[2].role, Role::kControl);
  for (const std::string& bad : std::initializer_list<std::string>{
           "", "ann", "ann:" + hash + ":root", "ann:plain:view", "ann:$1$abc$def:view", ":" + hash,
           "a:" + hash + "\na:" + hash})
    EXPECT_THROW(parse_passwords(bad, "p"), Error) << bad;
}

TEST(Passwords, Apache2yIsBcrypt) {
  const auto accounts =
      parse_passwords("a:$2y$04$abcdefghijklmnopqrstuu5Ai6CnM/lUDGEf.lEJ0BM1uEGmXKV9i", "p");
  EXPECT_TRUE(accounts[0].hash.starts_with("$2b$"));
}

struct Sessions : testing::Test {
  Sessions() { write("ann:" + hash + "\nbob:" + hash + "\n"); }
  ~Sessions() override { std::remove(file.c_str()); }
  void write(const std::string& lines) { std::ofstream(file) << lines; }
  Auth auth(std::int64_t session_s = Auth::kSessionS) {
    return {loop, file, [this] { ++ended; }, session_s};
  }
  // One who has just logged in.
  static User enter(Auth& auth, const std::string& name) {
    return auth.session(auth.open({name, Role::kView})).value();
  }
  // What comes of a try, when it is decided.
  Auth::Verdict judged(Auth& auth, const std::string& password, const std::string& address,
                       const std::string& name = "ann") {
    Auth::Verdict verdict = Auth::Verdict::kWait;
    auth.check(name, password, address, [&](const Auth::Checked& checked) {
      verdict = checked.verdict;
      loop.after(0, [this] { loop.stop(); });
    });
    loop.run();
    return verdict;
  }

  std::string file = testing::TempDir() + "passwords." + std::to_string(::getpid());
  Loop loop;
  int ended = 0;
};

TEST_F(Sessions, WhoGuessedWaitsWithTheRightPasswordToo) {
  Auth all = auth();
  EXPECT_EQ(judged(all, "password", "192.0.2.1"), Auth::Verdict::kYes);
  EXPECT_TRUE(all.remembered("ann", "password", "192.0.2.1"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(judged(all, "bad", "192.0.2.1"), Auth::Verdict::kNo) << i;
  EXPECT_FALSE(all.remembered("ann", "password", "192.0.2.1"));
  EXPECT_TRUE(all.remembered("ann", "password", "192.0.2.2"));
}

TEST_F(Sessions, GuessesAtOnceAreAsManyAsOneAfterTheOther) {
  Auth all = auth();
  int at_once = 0, decided = 0;
  for (int i = 0; i < 12; ++i)
    all.check("ann", "bad" + std::to_string(i), "192.0.2.1", [&](const Auth::Checked& checked) {
      checked.verdict == Auth::Verdict::kWait ? ++at_once : ++decided;
      if (decided == 4) loop.stop();
    });
  EXPECT_EQ(at_once, 8);
  loop.run();
  EXPECT_EQ(decided, 4);
}

TEST_F(Sessions, TheSameAtOnceIsOneTry) {
  Auth all = auth();
  for (const bool right : {true, false}) {
    std::vector<Auth::Verdict> verdicts;
    for (int i = 0; i < 12; ++i)
      all.check("ann", right ? "password" : "bad", "192.0.2.1", [&](const Auth::Checked& checked) {
        verdicts.push_back(checked.verdict);
        if (verdicts.size() == 12) loop.stop();
      });
    loop.after(30'000'000, [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(verdicts, std::vector(12, right ? Auth::Verdict::kYes : Auth::Verdict::kNo));
  }
  EXPECT_EQ(all.counts().failures, 1u);
  EXPECT_EQ(judged(all, "password", "192.0.2.1"), Auth::Verdict::kYes);
}

TEST_F(Sessions, AreSoManyForEachAndEndNobodyElses) {
  Auth all = auth();
  const User ann = enter(all, "ann"), first = enter(all, "bob"), second = enter(all, "bob");
  ::usleep(1000);
  all.session(first.session);  // is used later
  for (int i = 0; i < 49; ++i) enter(all, "bob");
  EXPECT_TRUE(all.holds(first));
  EXPECT_FALSE(all.holds(second)) << "silent for longest";
  for (int i = 0; i < 1001; ++i) enter(all, "bob");
  EXPECT_TRUE(all.holds(ann));
  EXPECT_FALSE(all.holds(first));
}

TEST_F(Sessions, AnUnknownNameTakesAsLongAsSomebodysAndAlwaysTheSame) {
  const std::string slow = "$6$rounds=300000$saltsalt$" + hash.substr(12);
  write("ann:" + hash + "\nbob:" + slow + "\n");
  Auth all = auth();
  int guesses = 0;
  const auto takes = [&](const std::string& name) {  // the processor's time
    const std::clock_t began = std::clock();
    EXPECT_EQ(judged(all, "password", "192.0.2." + std::to_string(guesses++), name),
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

TEST_F(Sessions, EndByLogoutEachOnItsOwn) {
  Auth all = auth();
  const User one = enter(all, "ann"), other = enter(all, "ann");
  EXPECT_EQ(one.name, "ann");
  EXPECT_EQ(one.role, Role::kView);
  EXPECT_NE(one.session, other.session);
  all.close(one.session);
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(all.holds(one));
  EXPECT_FALSE(all.session(one.session));
  EXPECT_TRUE(all.holds(other));
}

TEST_F(Sessions, EndWithTheLineInTheFile) {
  Auth all = auth();
  const User ann = enter(all, "ann"), bob = enter(all, "bob");
  write("ann:" + hash + ":view\nbob:" + hash + "\n");
  all.reload();
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(all.holds(ann));
  EXPECT_TRUE(all.holds(bob));
  write("broken\n");
  EXPECT_THROW(all.reload(), Error);
  EXPECT_TRUE(all.holds(bob));
}

TEST_F(Sessions, EndWhenTheirTimeIsUp) {
  Auth all = auth(-1);
  const std::string token = all.open({"ann"});
  EXPECT_FALSE(all.holds({"ann", Role::kControl, token}));
  EXPECT_FALSE(all.session(token));
}

TEST_F(Sessions, AreNotNeededWithoutAFile) {
  const Auth open(loop, "", nullptr);
  EXPECT_TRUE(open.holds({}));
}

struct Guesses : testing::Test {
  void fail(const std::string& address) {
    throttle.begins(address, now);
    throttle.ends(address, true, now);
  }
  void succeed(const std::string& address) {
    throttle.begins(address, now);
    throttle.ends(address, false, now);
  }
  Throttle throttle;
  std::int64_t now = 1'000'000'000;
};

TEST_F(Guesses, WaitsGrowAndEnd) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0) << i;
    fail("192.0.2.1");
  }
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 2);
  EXPECT_EQ(throttle.wait_s("192.0.2.2", now), 0);
  now += 2'000'000;
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0);
  for (int i = 0; i < 20; ++i) fail("192.0.2.1");
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 64);
  now += 3'601'000'000;
  fail("192.0.2.2");
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0);
  for (int i = 0; i < 4; ++i) fail("2001:db8:1:2:3::" + std::to_string(i));
  EXPECT_EQ(throttle.wait_s("2001:db8:1:2:ffff::1", now), 2);
}

TEST_F(Guesses, ASuccessForgivesNone) {
  for (int i = 0; i < 4; ++i) {
    fail("192.0.2.1");
    now += 10'000'000;
    succeed("192.0.2.1");
  }
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0) << "nor does it lengthen the wait";
  fail("192.0.2.1");
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 4);
}

TEST_F(Guesses, AtTheSameTimeCountFromTheirBeginning) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0) << i;
    throttle.begins("192.0.2.1", now);
  }
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 1);
  throttle.ends("192.0.2.1", false, now);
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 0);
  for (int i = 0; i < 3; ++i) throttle.ends("192.0.2.1", true, now);
  fail("192.0.2.1");
  now += 2'000'000;
  throttle.begins("192.0.2.1", now);
  EXPECT_EQ(throttle.wait_s("192.0.2.1", now), 1) << "one at a time";
}

TEST(Header, ListsAreSearched) {
  EXPECT_TRUE(has_word("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(has_word("keep-alive, upgrades", "upgrade"));
  EXPECT_FALSE(has_word("", "upgrade"));
  for (const char* list : {"\"a\"", "W/\"a\"", "\"b\" ,W/\"a\"", "*"})
    EXPECT_TRUE(names_tag(list, "\"a\"")) << list;
  for (const char* list : {"", "a", "\"b\"", "w/\"a\"", "\"a"})
    EXPECT_FALSE(names_tag(list, "\"a\"")) << list;
}

TEST(Form, FieldsAreDecoded) {
  EXPECT_EQ(form_field("name=a+b&password=%41%26%zz", "name"), "a b");
  EXPECT_EQ(form_field("name=a+b&password=%41%26%zz", "password"), "A&%zz");
  EXPECT_EQ(form_field("name", "name"), "");
  EXPECT_EQ(form_field("", "name"), std::nullopt);
  EXPECT_EQ(form_field("x=%", "x"), "%");
}

}  // namespace
}  // namespace kvm
