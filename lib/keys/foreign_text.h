// Text as other systems write it: with a byte order mark, in UTF-16, with accents as characters of
// their own.
#pragma once

#include <string>

#include "keys/typist.h"

namespace kvm {

// Drops a byte order mark at the front. Throws Error (Exit::kData) if the text is UTF-16 or UTF-32,
// which begin with a mark of their own or have a zero beside every ASCII character.
std::string without_byte_order_mark(std::string text);

// `text` with accents joined to their letters (Unicode's normalization form C; macOS writes file
// names without) if the typist can then type more of it; else `text` as it is. Throws as
// each_character() does.
std::string in_typable_form(const Typist& typist, std::string text);

}  // namespace kvm
