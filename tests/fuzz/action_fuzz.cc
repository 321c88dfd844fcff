// Fuzzes action lines from a browser or a script: each is accepted with arguments in their ranges,
// or refused with a message that is safe for a terminal.
#include <cstdlib>

#include "base/io.h"
#include "base/text.h"
#include "keys/action.h"

using namespace kvm;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Action& action) {
  require(action.x >= 0 && action.x <= 1 && action.y >= 0 && action.y <= 1);
  // -1 means kvm-type's own setting, which does not exist for sleep.
  require(action.ms >= (action.verb == Verb::kSleep ? 0 : -1));
  for (const Chord& chord : action.chords) {
    require(!chord.keys.empty());
    for (const KeyName& key : chord.keys) require((key.code == 0) != key.keysym.empty());
  }
  for (std::string_view text = action.text; !text.empty();) require(take_utf8(text).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::string_view line : split(as_text({data, size}), '\n')) {
    const auto parsed = parse_action(line);
    if (const auto* action = std::get_if<Action>(&parsed)) check(*action);
    if (const auto* error = std::get_if<ActionError>(&parsed))
      require(!error->why.empty() && printable(error->why) == error->why);
  }
  return 0;
}
