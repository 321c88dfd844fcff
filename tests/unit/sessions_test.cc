#include "net/sessions.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

struct SessionsTest : testing::Test {
  std::string begin(const std::string& name) {
    return sessions.begin("key " + std::to_string(++count), {name, Role::kView}, ++now_us).session;
  }
  bool lasts(const std::string& key) const { return sessions.lasts(key, now_us); }
  Sessions sessions;
  std::int64_t now_us = 1'000'000;
  int count = 0;
};

TEST_F(SessionsTest, AKeyFindsItsUser) {
  const std::string key = begin("ann");
  const auto user = sessions.use(key, now_us);
  ASSERT_TRUE(user);
  EXPECT_EQ(user->name, "ann");
  EXPECT_EQ(user->role, Role::kView);
  EXPECT_EQ(user->session, key);
  EXPECT_FALSE(sessions.use("another key", now_us));
}

TEST_F(SessionsTest, UseProlongsAndALookDoesNot) {
  const std::string used = begin("ann"), seen = begin("bob");
  now_us += Sessions::kLastsUs - 1000;
  EXPECT_TRUE(sessions.use(used, now_us));
  EXPECT_TRUE(lasts(seen));
  now_us += 2000;
  EXPECT_TRUE(lasts(used));
  EXPECT_FALSE(lasts(seen));
  EXPECT_FALSE(sessions.use(seen, now_us));
}

TEST_F(SessionsTest, AUserHas50AndEndsNobodyElses) {
  const std::string ann = begin("ann"), first = begin("bob"), second = begin("bob");
  sessions.use(first, ++now_us);
  for (int i = 0; i < 49; ++i) begin("bob");
  EXPECT_TRUE(lasts(first));
  EXPECT_FALSE(lasts(second)) << "was unused for longest";
  for (int i = 0; i < 1001; ++i) begin("bob");
  EXPECT_TRUE(lasts(ann));
  EXPECT_FALSE(lasts(first));
}

TEST_F(SessionsTest, AllUsersTogetherHave1000) {
  const std::string first = begin("user 0"), second = begin("user 1");
  for (int i = 2; i < 1000; ++i) begin("user " + std::to_string(i));
  sessions.use(first, ++now_us);
  EXPECT_TRUE(lasts(second));
  begin("one more");
  EXPECT_TRUE(lasts(first));
  EXPECT_FALSE(lasts(second));
}

TEST_F(SessionsTest, AKeyThatIsUsedAgainNeedsNoRoom) {
  const std::string first = begin("ann");
  std::string last;
  for (int i = 1; i < 50; ++i) last = begin("ann");
  sessions.begin(last, {"ann", Role::kView}, ++now_us);
  EXPECT_TRUE(lasts(first));
}

TEST_F(SessionsTest, EndByKeyOrByUser) {
  const std::string desk = begin("ann"), tablet = begin("ann"), bob = begin("bob");
  sessions.end(desk);
  EXPECT_FALSE(lasts(desk));
  EXPECT_TRUE(lasts(tablet));
  sessions.end_if([](const User& user) { return user.name == "ann"; });
  EXPECT_FALSE(lasts(tablet));
  EXPECT_TRUE(lasts(bob));
}

}  // namespace
}  // namespace kvm
