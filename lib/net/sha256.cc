#include "net/sha256.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/random.h"

namespace kvm {

std::string sha256(std::string_view text) {
  char digest[32];
  gnutls_hash_fast(GNUTLS_DIG_SHA256, text.data(), text.size(), digest);
  return hex({digest, sizeof digest});
}

}  // namespace kvm
