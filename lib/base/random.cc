#include "base/random.h"

#include <sys/random.h>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (::getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count))
    throw Error::from_errno("getrandom");
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += strf("%02x", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace kvm
