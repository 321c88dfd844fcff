// The second factor of a login: a code of an authenticator app, or a recovery code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/password_file.h"
#include "net/throttle.h"
#include "net/used_codes.h"

namespace kvm {

// What the password file has for a recovery code: its SHA-256 in hex. Case, blanks and hyphens of
// the code do not matter. A recovery code has 80 random bits, so it needs no slow hash.
std::string recovery_hash(std::string_view code);

class SecondFactor {
 public:
  enum class Verdict { kYes, kNo, kWait };
  struct Checked {
    Verdict verdict;
    std::int64_t wait_s;  // kWait: seconds before the next try
  };

  // `used_codes`: the file of net/used_codes.h.
  explicit SecondFactor(std::string used_codes) : used_(std::move(used_codes)) {}

  // Call this only after the password was right. Accepts each code once. After four wrong codes the
  // account has to wait as an address does in Throttle, from whichever address the next code comes:
  // otherwise somebody who has the password and many addresses could try all codes. Recovery codes
  // are exempt from the wait, because they cannot be guessed. If the use of a code cannot be
  // noted, the code is refused, and a message says why. `now_us`: monotonic; `unix_s`: Unix time.
  Checked check(const Account& account, const std::string& code, std::int64_t now_us,
                std::int64_t unix_s);

 private:
  bool accepts(const Account& account, const std::string& code, std::int64_t unix_s);
  bool accepts_recovery(const Account& account, const std::string& code);

  UsedCodes used_;
  Throttle throttle_;  // by account
};

}  // namespace kvm
