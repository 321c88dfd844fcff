#include "net/addresses.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace kvm {
namespace {

std::string v6(const char* text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, text, &address.sin6_addr);
  return text_of(reinterpret_cast<const sockaddr*>(&address));
}

TEST(Addresses, AreWrittenAsText) {
  EXPECT_EQ(v6("2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(v6("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(text_of(nullptr), "unix");
}

TEST(Addresses, OfThisMachineAreLocal) {
  EXPECT_TRUE(is_local(v6("::ffff:127.1.2.3")));
  EXPECT_TRUE(is_local("::1"));
  EXPECT_TRUE(is_local("unix"));
  EXPECT_FALSE(is_local("192.0.2.127"));
}

TEST(Addresses, AnIpv6NetworkIsOneSite) {
  EXPECT_EQ(site_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(site_of("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::");
  EXPECT_EQ(site_of("2001:db8::7"), site_of("2001:db8:0:0:ffff::1"));
  EXPECT_NE(site_of("2001:db8::7"), site_of("2001:db8:0:1::7"));
}

}  // namespace
}  // namespace kvm
