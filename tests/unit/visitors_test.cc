#include "net/visitors.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket_pair.h"

namespace kvm {
namespace {

// A connection. `ours` is the server's end.
struct Pair : SocketPair {
  // Whether the server has shut the connection down.
  bool cut() const {
    char byte;
    return ::recv(theirs.get(), &byte, 1, 0) == 0;
  }
};

TEST(Visitors, ARemoteAddressHasItsShareAndThisMachineAll) {
  Visitors visitors({.connections = 6, .per_address = 2});
  Visitor* const first = visitors.came(-1, "192.0.2.1");
  EXPECT_TRUE(visitors.admit("192.0.2.1"));
  visitors.came(-1, "192.0.2.1");
  EXPECT_FALSE(visitors.admit("192.0.2.1"));
  EXPECT_TRUE(visitors.admit("192.0.2.2"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(visitors.admit("127.0.0.1"));
    visitors.recognized(*visitors.came(-1, "127.0.0.1"));
  }
  visitors.gone(first);
  EXPECT_TRUE(visitors.admit("192.0.2.1"));
}

TEST(Visitors, FullOfUsersNobodyElseIsLetIn) {
  Visitors visitors({.connections = 6, .per_address = 50});
  for (int i = 0; i < 6; ++i) visitors.recognized(*visitors.came(-1, "192.0.2.1"));
  for (const char* address : {"192.0.2.2", "127.0.0.1", "unix"})
    EXPECT_FALSE(visitors.admit(address)) << address;
}

// Twelve networks take all places and say nothing.
TEST(Visitors, SilentConnectionsMakeRoom) {
  Visitors visitors({.connections = 10, .per_address = 7});
  Pair crowd[7], user, asks, single;
  for (Pair& pair : crowd) visitors.came(pair.ours.get(), "2001:db8:0:1::1");
  visitors.recognized(*visitors.came(user.ours.get(), "192.0.2.1"));
  visitors.answering(*visitors.came(asks.ours.get(), "192.0.2.2"));
  visitors.came(single.ours.get(), "192.0.2.3");
  EXPECT_TRUE(visitors.admit("192.0.2.9"));
  EXPECT_TRUE(crowd[0].cut()) << "the oldest of the network that has most";
  for (Pair* pair : {&crowd[1], &crowd[6], &user, &asks, &single}) EXPECT_FALSE(pair->cut());
  visitors.came(-1, "192.0.2.9");
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(visitors.admit("::1")) << i;
    visitors.recognized(*visitors.came(-1, "::1"));
  }
  EXPECT_FALSE(user.cut());
  EXPECT_TRUE(asks.cut()) << "a stranger whose answer is under way goes last, but goes";
}

TEST(Visitors, KeepPlacesForThisMachine) {
  Visitors visitors({.connections = 20, .per_address = 50});
  for (int i = 0; i < 18; ++i) visitors.recognized(*visitors.came(-1, "192.0.2.1"));
  EXPECT_FALSE(visitors.admit("192.0.2.2"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(visitors.admit("127.0.0.1"));
    visitors.recognized(*visitors.came(-1, "127.0.0.1"));
  }
  EXPECT_FALSE(visitors.admit("127.0.0.1"));
}

TEST(Visitors, BehindAProxyCountAsTheirOwn) {
  Visitors visitors({.connections = 20, .per_address = 2});
  Visitor* came[4];
  for (Visitor*& visitor : came) visitor = visitors.came(-1, "unix");
  EXPECT_TRUE(visitors.attribute(*came[0], "192.0.2.1"));
  EXPECT_TRUE(visitors.attribute(*came[1], "192.0.2.1"));
  EXPECT_FALSE(visitors.attribute(*came[2], "192.0.2.1"));
  EXPECT_TRUE(visitors.attribute(*came[2], "192.0.2.2"));
  EXPECT_TRUE(visitors.attribute(*came[0], "192.0.2.2")) << "the proxy uses a connection again";
  EXPECT_TRUE(visitors.attribute(*came[3], "192.0.2.1"));
  EXPECT_FALSE(visitors.attribute(*came[1], "192.0.2.2"));
  visitors.gone(came[0]);
  EXPECT_TRUE(visitors.attribute(*came[1], "192.0.2.2"));
}

TEST(Visitors, BehindAProxySilentConnectionsGoBeforeUsers) {
  Visitors visitors({.connections = 4, .per_address = 50, .behind_proxy = true});
  Pair users[2], silent[2];
  Visitor* came[2];
  for (int i = 0; i < 2; ++i) {
    came[i] = visitors.came(users[i].ours.get(), "127.0.0.1");
    EXPECT_TRUE(visitors.attribute(*came[i], "192.0.2.1"));
    visitors.answered(*came[i]);  // the user reads, and will ask again
  }
  for (const Pair& pair : silent) visitors.came(pair.ours.get(), "127.0.0.1");
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(visitors.admit("127.0.0.1"));
    visitors.came(-1, "127.0.0.1");
  }
  EXPECT_TRUE(silent[0].cut() && silent[1].cut());
  EXPECT_FALSE(users[0].cut() || users[1].cut());
}

TEST(Visitors, AnIpv6NetworkIsOneAddress) {
  Visitors visitors({.connections = 6, .per_address = 1});
  Visitor* const first = visitors.came(-1, "2001:db8::7");
  EXPECT_FALSE(visitors.admit("2001:db8::8"));
  EXPECT_TRUE(visitors.admit("2001:db8:0:1::7"));
  visitors.gone(first);
  EXPECT_TRUE(visitors.admit("2001:db8::8"));
}

TEST(Visitors, WhoIsLateIsCutButNotWhoWaitsForUs) {
  Visitors visitors({.request_us = -1, .idle_us = -1});
  Pair slow, served, idle;
  visitors.came(slow.ours.get(), "unix");
  visitors.answering(*visitors.came(served.ours.get(), "unix"));
  visitors.answered(*visitors.came(idle.ours.get(), "unix"));
  visitors.cut_late();
  EXPECT_TRUE(slow.cut());
  EXPECT_FALSE(served.cut());
  EXPECT_TRUE(idle.cut());
}

TEST(Visitors, WhoHungUpBeforeTheRequestWasWholeIsCut) {
  Visitors visitors({});
  Pair gone, unread, served, there;
  visitors.came(gone.ours.get(), "unix");
  visitors.came(unread.ours.get(), "unix");
  visitors.answering(*visitors.came(served.ours.get(), "unix"));
  visitors.came(there.ours.get(), "unix");
  ASSERT_EQ(::write(unread.theirs.get(), "GET", 3), 3);
  for (const Pair* pair : {&gone, &unread, &served})
    ASSERT_EQ(::shutdown(pair->theirs.get(), SHUT_WR), 0);
  visitors.cut_late();
  EXPECT_TRUE(gone.cut());
  for (const Pair* pair : {&unread, &served, &there}) EXPECT_FALSE(pair->cut());
}

TEST(Visitors, ABodyMayTakeLongerThanAHeaderButNotForEver) {
  Visitors visitors({.request_us = -10'000'000, .body_rate = 8192});
  Pair trickle, steady;
  visitors.progressed(*visitors.came(trickle.ours.get(), "unix"), 8 * 8192);
  visitors.progressed(*visitors.came(steady.ours.get(), "unix"), 1 << 20);
  visitors.cut_late();
  EXPECT_TRUE(trickle.cut());
  EXPECT_FALSE(steady.cut());
}

TEST(Visitors, AreSeenOutWhenTheyHaveTheirAnswer) {
  Visitors visitors({});
  Pair idle, served;
  visitors.came(idle.ours.get(), "unix");
  Visitor* const visitor = visitors.came(served.ours.get(), "unix");
  visitors.answering(*visitor);
  visitors.see_out();
  EXPECT_TRUE(idle.cut());
  EXPECT_FALSE(served.cut());
  visitors.answered(*visitor);
  EXPECT_TRUE(served.cut());
}

}  // namespace
}  // namespace kvm
