#include "net/tokens.h"

#include "net/sha256.h"

namespace kvm {

namespace {

constexpr std::string_view kMark = "$token$";
constexpr std::size_t kHexDigits = 64;
// A shorter word is refused: it may be a password, which can be guessed, that somebody hashed.
constexpr std::size_t kLeastLength = 32;

bool expired(const Account& token, std::int64_t unix_s) {
  return token.expires_s && unix_s >= *token.expires_s;
}

}  // namespace

std::string token_hash(std::string_view token) {
  return std::string(kMark) + sha256(token);
}

bool is_token_hash(std::string_view hash) noexcept {
  return hash.starts_with(kMark) && hash.size() == kMark.size() + kHexDigits &&
         hash.substr(kMark.size()).find_first_not_of("0123456789abcdef") == hash.npos;
}

void Tokens::set(const std::vector<Account>& accounts) {
  tokens_.clear();
  for (const Account& account : accounts)
    if (is_token_hash(account.hash)) tokens_.emplace(account.hash, account);
}

Tokens::Checked Tokens::check(std::string_view token, const std::string& address,
                              std::int64_t now_us, std::int64_t unix_s) {
  const std::string hash = token_hash(token);
  if (const auto found = tokens_.find(hash);
      found != tokens_.end() && token.size() >= kLeastLength) {
    if (expired(found->second, unix_s)) return {Verdict::kExpired, {}, 0};
    return {Verdict::kYes, {found->second.name, found->second.role, hash}, 0};
  }
  if (const auto wait_s = throttle_.wait_s(address, now_us); wait_s > 0)
    return {Verdict::kWait, {}, wait_s};
  throttle_.begins(address, now_us);
  throttle_.ends(address, true, now_us);
  return {Verdict::kNo, {}, 0};
}

bool Tokens::holds(const User& user, std::int64_t unix_s) const {
  const auto found = tokens_.find(user.session);
  return found != tokens_.end() && found->second.name == user.name &&
         found->second.role == user.role && !expired(found->second, unix_s);
}

}  // namespace kvm
