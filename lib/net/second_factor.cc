#include "net/second_factor.h"

#include <algorithm>

#include "base/error.h"
#include "base/message.h"
#include "net/sha256.h"
#include "net/totp.h"

namespace kvm {

namespace {

std::string without_blanks(std::string_view code) {
  std::string bare;
  for (const char c : code)
    if (c != ' ' && c != '-') bare += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  return bare;
}

}  // namespace

std::string recovery_hash(std::string_view code) {
  return sha256(without_blanks(code));
}

bool SecondFactor::accepts(const Account& account, const std::string& code, std::int64_t unix_s) {
  const auto step = totp_step(account.totp, without_blanks(code), unix_s);
  return step && used_.use("totp-" + sha256(account.totp), *step);
}

bool SecondFactor::accepts_recovery(const Account& account, const std::string& code) {
  const std::string hash = recovery_hash(code);
  return std::ranges::count(account.recovery, hash) > 0 && used_.use("recovery-" + hash, 0);
}

SecondFactor::Checked SecondFactor::check(const Account& account, const std::string& code,
                                          std::int64_t now_us, std::int64_t unix_s) {
  try {
    if (accepts_recovery(account, code)) return {Verdict::kYes, 0};
    const std::string key = "user " + account.name;  // no address looks like this
    if (const auto wait_s = throttle_.wait_s(key, now_us); wait_s > 0)
      return {Verdict::kWait, wait_s};
    const bool right = accepts(account, code, unix_s);
    throttle_.begins(key, now_us);
    throttle_.ends(key, !right, now_us);
    return {right ? Verdict::kYes : Verdict::kNo, 0};
  } catch (const Error& error) {
    say(std::string("a login is refused because its code cannot be noted as used: ") +
        error.what());
    return {Verdict::kNo, 0};
  }
}

}  // namespace kvm
