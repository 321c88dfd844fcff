// Tokens: long random words that programs send instead of a name and a password.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/password_file.h"
#include "net/throttle.h"

namespace kvm {

// What the password file has for a token in place of a password's hash: "$token$" and the SHA-256
// of the token in hex. A slow hash, as for passwords, would protect nothing: a token has 256 random
// bits, which nobody can guess.
std::string token_hash(std::string_view token);
// Whether a hash in the password file is one of a token.
bool is_token_hash(std::string_view hash) noexcept;

// The tokens of a password file.
class Tokens {
 public:
  enum class Verdict { kYes, kNo, kExpired, kWait };
  struct Checked {
    Verdict verdict;
    User user;            // kYes
    std::int64_t wait_s;  // kWait: seconds before the next try
  };

  // Replaces the tokens by those in `accounts`; ignores accounts that are users.
  void set(const std::vector<Account>& accounts);
  // `now_us`: monotonic; `unix_s`: Unix time. An address that sends wrong tokens has to wait as in
  // Throttle, so that it cannot fill the log. A right token is accepted all the same: a token
  // cannot be guessed, and the program that sends it may share its address with one that sends an
  // old token.
  Checked check(std::string_view token, const std::string& address, std::int64_t now_us,
                std::int64_t unix_s);
  // Whether the token that let the user in is still valid.
  bool holds(const User& user, std::int64_t unix_s) const;

 private:
  std::unordered_map<std::string, Account> tokens_;  // by hash
  Throttle throttle_;
};

}  // namespace kvm
