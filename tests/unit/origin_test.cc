#include "http/origin.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

TEST(Origin, HostIsSeparatedFromItsPort) {
  EXPECT_EQ(host_name("Example.org:8080"), "example.org");
  EXPECT_EQ(host_name("example.org."), "example.org");
  EXPECT_EQ(host_name("[::1]:80"), "::1");
  EXPECT_EQ(host_name("example.org:"), "example.org");
  EXPECT_EQ(host_name(""), "");
}

TEST(Origin, AMalformedHostHasNoName) {
  for (const char* host :
       {"[::1", "[localhost]", "[localhost]evil.org", "[::1]evil.org", "[::1]:80a",
        "localhost:80@evil.org", "localhost:evil.org", "localhost:80:80", "[::1]]"})
    EXPECT_EQ(host_name(host), "") << host;
}

TEST(Origin, ACookieIsOnePorts) {
  EXPECT_EQ(cookie_name("Example.org:8443"), "kvm_session_8443");
  EXPECT_EQ(cookie_name("[::1]:80"), "kvm_session_80");
  EXPECT_EQ(cookie_name("[::1]"), "kvm_session");
  EXPECT_EQ(cookie_name("example.org"), "kvm_session");
  EXPECT_EQ(cookie_name("example.org:80;x=1"), "kvm_session");
  EXPECT_EQ(cookie_name(""), "kvm_session");
}

TEST(Origin, AForwardedAddressHasNoPort) {
  for (const char* word :
       {"192.0.2.8", "192.0.2.8:1000", "[::ffff:192.0.2.8]:1", "::ffff:192.0.2.8"})
    EXPECT_EQ(forwarded_address(word), "192.0.2.8") << word;
  for (const char* word : {"2001:db8::1", "[2001:db8::1]", "[2001:DB8:0::1]:99"})
    EXPECT_EQ(forwarded_address(word), "2001:db8::1") << word;
  for (const char* word : {"", "unknown", "unix", "_hidden:1", "[]:1", ":1"})
    EXPECT_EQ(forwarded_address(word), "") << word;
}

TEST(Origin, OnlyOurOwnNamesAreServed) {
  const HostList list({"kvm.example.org"});
  EXPECT_TRUE(list.allows("192.0.2.1:8080", "192.0.2.1", false));
  EXPECT_TRUE(list.allows("kvm.example.org", "192.0.2.1", false));
  EXPECT_TRUE(list.allows("localhost:8080", "127.0.0.1", true));
  EXPECT_TRUE(list.allows("", "127.0.0.1", true));
  EXPECT_FALSE(list.allows("[localhost]evil.org", "127.0.0.1", true));
  EXPECT_FALSE(list.allows(":8080", "", true));
  EXPECT_FALSE(list.allows("localhost:8080", "192.0.2.1", false));
  EXPECT_FALSE(list.allows("evil.example", "127.0.0.1", true));
  EXPECT_FALSE(list.allows("127.0.0.1.evil.example:8080", "127.0.0.1", true));
  EXPECT_FALSE(list.allows("kvm.example.org.evil.example", "127.0.0.1", true));
}

TEST(Origin, IsOursToTheLetter) {
  EXPECT_TRUE(same_origin("", "", "a:8080", false));
  EXPECT_TRUE(same_origin("http://a:8080", "", "a:8080", false));
  EXPECT_FALSE(same_origin("https://a:8080", "", "a:8080", false));
  EXPECT_TRUE(same_origin("https://a:8080", "", "a:8080", true));
  EXPECT_FALSE(same_origin("http://a", "", "a:8080", false));
  EXPECT_FALSE(same_origin("http://a:8080.evil", "", "a:8080", false));
  EXPECT_FALSE(same_origin("null", "", "a:8080", false));
}

TEST(Origin, IsAnotherSitesIfTheBrowserSaysSo) {
  for (const char* site : {"", "none", "same-origin"})
    EXPECT_TRUE(same_origin("", site, "a:8080", false)) << site;
  for (const char* site : {"cross-site", "same-site", "new-word"})
    EXPECT_FALSE(same_origin("", site, "a:8080", false)) << site;
}

TEST(Origin, IsWrittenAsBrowsersDo) {
  for (const char* origin : {"https://dash.example.org", "http://[::1]:8080", "app://x"})
    EXPECT_TRUE(is_origin(origin)) << origin;
  for (const char* other : {"", "*", "null", "dash.example.org", "https://", "://x",
                            "https://dash.example.org/", "https://Dash.example.org", "https://a@b"})
    EXPECT_FALSE(is_origin(other)) << other;
}

}  // namespace
}  // namespace kvm
