// Fuzzes text with several layouts: invalid UTF-8 is refused, characters that cannot be typed are
// found with their places, and all others have keys.
#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/error.h"
#include "base/text.h"
#include "keys/typist.h"

using namespace kvm;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// The first byte of the input chooses the layout and its options.
const Typist& choose(std::uint8_t byte) {
  static const Typist kAll[] = {
      Typist(Layout("us")),
      Typist(Layout("fr")),
      Typist(Layout("de:neo"), {.replace = {{U'€', "EUR"}}, .skip = true}),
      Typist(Layout("us:intl"), {.hex_input = HexInput::kLinux}),
      Typist(Layout("ru"), {.hex_input = HexInput::kWindows}),
      Typist(Layout("de"), {.hex_input = HexInput::kMac}),
  };
  return kAll[byte % std::size(kAll)];
}

void check(const Typist& typist, std::string_view text) {
  std::size_t characters = 0, line = 1, column = 0;
  each_character(text, [&](char32_t character, std::size_t at_line, std::size_t at_column) {
    require(at_line == line ? at_column == column + 1 : at_line == line + 1 && at_column == 1);
    line = at_line;
    column = at_column;
    ++characters;
    const auto strokes = typist.strokes(character);
    require(!strokes ||
            std::ranges::all_of(*strokes, [](auto& stroke) { return stroke.key != 0; }));
  });
  const auto missing = typist.untypable(text);
  require(missing.size() <= characters);
  for (const Untypable& each : missing) require(each.line <= line && each.column > 0);
  require(explain(typist, text).empty() == (characters == 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Typist& typist = choose(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string shown = printable(text);
  for (std::string_view left = shown; !left.empty();) require(take_utf8(left).has_value());
  try {
    check(typist, text);
  } catch (const Error& error) {
    require(error.exit() == Exit::kData);
  }
  return 0;
}
