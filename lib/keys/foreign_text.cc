#include "keys/foreign_text.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.h"

namespace kvm {
namespace {

using namespace std::string_view_literals;

// The encoding, if it is one that is not UTF-8; else empty. UTF-32's mark begins with UTF-16's.
std::string_view foreign_encoding(std::string_view text) noexcept {
  if (text.starts_with("\xff\xfe\0\0"sv) || text.starts_with("\0\0\xfe\xff"sv)) return "UTF-32";
  if (text.starts_with("\xff\xfe"sv) || text.starts_with("\xfe\xff"sv)) return "UTF-16";
  if (text.size() < 4 || text.size() % 2 != 0) return "";
  const auto zero = [&](std::size_t at) { return text[at] == '\0'; };
  if (!zero(0) && zero(1) && !zero(2) && zero(3)) return "UTF-16LE";
  if (zero(0) && !zero(1) && zero(2) && !zero(3)) return "UTF-16BE";
  return "";
}

std::string composed(const std::string& text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  utf8proc_uint8_t* made = nullptr;
  const auto length =
      utf8proc_map(bytes, static_cast<utf8proc_ssize_t>(text.size()), &made,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  if (length < 0) return text;
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(length)};
}

}  // namespace

std::string without_byte_order_mark(std::string text) {
  if (const auto encoding = foreign_encoding(text); !encoding.empty())
    throw Error(Exit::kData, "the text is " + std::string(encoding) + ", not UTF-8",
                "iconv -f " + std::string(encoding) + " -t UTF-8 converts it");
  if (text.starts_with("\xef\xbb\xbf"sv)) text.erase(0, 3);
  return text;
}

std::string in_typable_form(const Typist& typist, std::string text) {
  const std::size_t missing = typist.untypable(text).size();
  if (missing == 0) return text;
  std::string joined = composed(text);
  return typist.untypable(joined).size() < missing ? joined : text;
}

}  // namespace kvm
