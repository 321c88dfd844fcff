#include "http/request.h"

#include <gtest/gtest.h>

namespace kvm {
namespace {

TEST(Requests, LookUpTheFirstFieldOfANameInAnyCase) {
  Request request{"GET", "/", "HTTP/1.1"};
  request.headers = {{"accept", "text/html"}, {"Accept", "image/png"}};
  request.parameters = {{"action", ""}};
  request.cookies = {{"kvm_session", "a"}, {"kvm_session", "b"}};
  request.body = "name=ann&password=a+b";
  EXPECT_EQ(request.header("Accept"), "text/html");
  EXPECT_EQ(request.header("Host"), "");
  EXPECT_EQ(request.query("Action"), "");
  EXPECT_EQ(request.query("fps"), std::nullopt);
  EXPECT_EQ(request.cookie("kvm_session"), "a");
  EXPECT_EQ(request.cookie("kvm_sessio"), std::nullopt);
  EXPECT_EQ(request.form("password"), "a b");
}

const char* fault(Fields headers, const char* version = "HTTP/1.1") {
  Request request{"POST", "/actions", version};
  request.headers = std::move(headers);
  return framing_fault(request);
}

TEST(Requests, EndWhereEveryReaderAgrees) {
  const std::pair<std::string, std::string> host{"Host", "a"};
  EXPECT_EQ(fault({host}), nullptr);
  EXPECT_EQ(fault({host, {"Content-Length", "3"}}), nullptr);
  EXPECT_EQ(fault({host, {"Transfer-Encoding", "Chunked"}}), nullptr);
  EXPECT_EQ(fault({}, "HTTP/1.0"), nullptr);
  for (const Fields& headers : std::initializer_list<Fields>{
           {},
           {host, {"host", "b"}},
           {host, {"Origin", "http://a"}, {"origin", "http://b"}},
           {host, {"Sec-Fetch-Site", "none"}, {"sec-fetch-site", "cross-site"}},
           {host, {"Authorization", "Basic YTpi"}, {"authorization", "Basic YTpj"}},
           {host, {"Content-Length", "3"}, {"content-length", "3"}},
           {host, {"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}},
           {host, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
           {host, {"Transfer-Encoding", "gzip"}},
           {host, {"Transfer-Encoding", "chunked, chunked"}},
           {host, {"Transfer-Encoding", ""}},
           {host, {"", "x"}},
           {host, {"Content-Length ", "3"}}})
    EXPECT_NE(fault(headers), nullptr) << testing::PrintToString(headers);
  EXPECT_NE(fault({host, {"Transfer-Encoding", "chunked"}}, "HTTP/1.0"), nullptr);
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
