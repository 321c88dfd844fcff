#include "format/status.h"

#include <cinttypes>

#include "base/text.h"

namespace kvm {

std::string to_json_line(const KeyboardStatus& status, std::int64_t time_us) {
  std::string names;
  for (const std::string& name : names_of(status.leds.value_or(Leds{})))
    names += (names.empty() ? "\"" : ",\"") + name + "\"";
  return strf("{\"t\":%" PRId64 ",\"keyboard\":\"%s\",\"leds\":[%s],\"done\":%" PRIu64
              ",\"failed\":%" PRIu64 ",\"layout\":\"%s\"}\n",
              time_us, status.keyboard, names.c_str(), status.done, status.failed,
              printable(status.layout).c_str());
}

}  // namespace kvm
