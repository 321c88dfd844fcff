// Fuzzes chords and key names: each names keys that exist, or is refused with a message that is
// safe for a terminal. A layout may lack the key of an XKB name.
#include <cstdlib>

#include "base/io.h"
#include "base/text.h"
#include "keys/action.h"
#include "keys/key_names.h"
#include "keys/layout.h"

using namespace kvm;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const KeyName& key) {
  static const Layout kLayout("de:neo");
  if (key.keysym.empty()) return require(find_key_code(key.code) != nullptr);
  if (const Stroke* stroke = kLayout.find_keysym(key.keysym))
    require(find_key_usage(stroke->key) != nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::string_view word : words(as_text({data, size}))) {
    const auto parsed = parse_chord(word);
    if (const auto* chord = std::get_if<Chord>(&parsed)) {
      require(!chord->keys.empty());
      for (const KeyName& key : chord->keys) check(key);
    } else {
      const std::string& why = std::get<ActionError>(parsed).why;
      require(!why.empty() && printable(why) == why);
    }
    if (const Key* key = find_key(word)) require(find_key(key->name) == key);
  }
  return 0;
}
