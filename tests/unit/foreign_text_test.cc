#include "keys/foreign_text.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace kvm {
namespace {

using namespace std::string_literals;

TEST(ForeignText, AByteOrderMarkIsDropped) {
  EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbfhello"), "hello");
  EXPECT_EQ(without_byte_order_mark("hello\xef\xbb\xbf"), "hello\xef\xbb\xbf");
  EXPECT_EQ(without_byte_order_mark(""), "");
}

TEST(ForeignText, OtherEncodingsAreNamed) {
  const auto encoding = [](const std::string& text) -> std::string {
    try {
      without_byte_order_mark(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(encoding("\xff\xfeh\0i\0"s),
            "the text is UTF-16, not UTF-8 (iconv -f UTF-16 -t UTF-8 converts it)");
  EXPECT_TRUE(encoding("\xfe\xff\0h\0i"s).starts_with("the text is UTF-16,"));
  EXPECT_TRUE(encoding("h\0i\0"s).starts_with("the text is UTF-16LE,"));
  EXPECT_TRUE(encoding("\0h\0i"s).starts_with("the text is UTF-16BE,"));
  EXPECT_TRUE(encoding("\xff\xfe\0\0h\0\0\0"s).starts_with("the text is UTF-32,"));
  EXPECT_EQ(encoding("a\0b"s), "");
}

TEST(ForeignText, AccentsAreJoinedWhereThatHelps) {
  const Typist german(Layout("de"));
  EXPECT_EQ(in_typable_form(german, "a\u0308o\u0308"), "äö");
  EXPECT_EQ(in_typable_form(german, "\u212b"), "\u00c5");  // the angstrom sign is the letter Å
  EXPECT_EQ(in_typable_form(german, "\u65e5\u0308"), "\u65e5\u0308");
  const Typist american(Layout("us"));
  EXPECT_EQ(in_typable_form(american, "a\u0308"), "a\u0308");
}

}  // namespace
}  // namespace kvm
