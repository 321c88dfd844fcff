// Texts that are typed instead of characters, as options and status lines write them: "€=EUR".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvm {

struct Replacement {
  char32_t character;
  std::string text;  // UTF-8
};
// nullopt: `text` is not UTF-8, or does not begin with a character and "=".
std::optional<Replacement> read_replacement(std::string_view text);
std::string to_text(const Replacement& replacement);

// The ASCII text that people use instead of a character of word processors and web pages: quotes,
// dashes, blanks, the ellipsis. nullopt: the character is not one of these.
std::optional<std::string> usual_replacement(char32_t character);

}  // namespace kvm
