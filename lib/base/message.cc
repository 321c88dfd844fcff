#include "base/message.h"

#include <errno.h>
#include <unistd.h>

#include <string>

#include "base/text.h"

namespace kvm {

void say(std::string_view text) noexcept {
  try {
    std::string line = program_invocation_short_name;
    line.append(": ").append(printable(text)).push_back('\n');
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
  } catch (...) {
    // Out of memory: this cannot be reported either.
  }
}

}  // namespace kvm
