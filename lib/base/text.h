// Text: printf into a string, strict numbers, words, UTF-8.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvm {

[[gnu::format(printf, 1, 2)]] std::string strf(const char* format, ...);

// `text` as a number; nullopt if it has spaces or trailing characters, or overflows.
template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The parts between separators, including empty parts: "a,,b" → {"a", "", "b"}.
std::vector<std::string_view> split(std::string_view text, char separator);
// The runs of non-blanks: "  a \t b" → {"a", "b"}.
std::vector<std::string_view> words(std::string_view text);
std::string_view trim(std::string_view text) noexcept;

// Makes a name safe for one line on a terminal: controls, bidi marks, invalid UTF-8 become \xNN.
std::string printable(std::string_view text);

// Removes one code point from the front of `text`, which must not be empty. Returns nullopt and
// removes nothing if the bytes are not well-formed UTF-8 (Unicode 15, table 3-7).
std::optional<char32_t> take_utf8(std::string_view& text) noexcept;
void append_utf8(std::string& text, char32_t code_point);

}  // namespace kvm
