#include "net/totp.h"

#include <liboath/oath.h>

#include <cstdlib>

#include "base/fd.h"

namespace kvm {

namespace {

constexpr std::size_t kLeastSecret = 16, kDigits = 6;
constexpr unsigned kStepS = 30;
constexpr std::size_t kSkew = 1;  // steps

}  // namespace

std::optional<std::string> totp_secret(std::string_view base32) {
  char* bytes = nullptr;
  std::size_t size = 0;
  const int result = oath_base32_decode(base32.data(), base32.size(), &bytes, &size);
  const Handle<char, std::free> owned(bytes);
  if (result != OATH_OK || size < kLeastSecret) return std::nullopt;
  return std::string(bytes, size);
}

std::optional<std::int64_t> totp_step(const std::string& secret, const std::string& code,
                                      std::int64_t unix_s) {
  if (code.size() != kDigits || code.find_first_not_of("0123456789") != code.npos)
    return std::nullopt;
  static const bool ready = oath_init() == OATH_OK;
  std::uint64_t step = 0;
  int distance = 0;
  const int result = oath_totp_validate3(secret.data(), secret.size(), static_cast<time_t>(unix_s),
                                         kStepS, 0, kSkew, &distance, &step, code.c_str());
  if (!ready || result < 0) return std::nullopt;
  return static_cast<std::int64_t>(step);
}

}  // namespace kvm
