#include "net/password_file.h"

#include <crypt.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "net/tokens.h"
#include "net/totp.h"

namespace kvm {

namespace {

// 00:00 UTC on the day YYYY-MM-DD, as Unix time; nullopt if there is no such day.
std::optional<std::int64_t> day_s(std::string_view text) {
  const auto parts = split(text, '-');
  if (parts.size() != 3) return std::nullopt;
  const auto year = parse_number<int>(parts[0]);
  const auto month = parse_number<unsigned>(parts[1]), day = parse_number<unsigned>(parts[2]);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::seconds(std::chrono::sys_days(date).time_since_epoch()).count();
}

std::vector<std::string> list(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ','))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

// Takes over one KEY=VALUE of a line.
template <class Refuse>
void set_field(Account& account, std::string_view field, const Refuse& refuse) {
  const auto equals = field.find('=');
  const std::string_view key = field.substr(0, equals);
  const std::string_view value = equals == field.npos ? "" : field.substr(equals + 1);
  const bool token = is_token_hash(account.hash);
  if (key == "expires" && token) {
    account.expires_s = day_s(value);
    if (!account.expires_s) throw refuse("expires= needs a day: 2030-12-31");
  } else if (key == "totp" && !token) {
    account.totp = totp_secret(value).value_or("");
    if (account.totp.empty()) throw refuse("totp= needs a secret of 128 bits or more in base32");
  } else if (key == "recovery" && !token) {
    account.recovery = list(value);
  } else if (key == "targets") {
    account.targets = list(value);
    if (account.targets.empty()) throw refuse("targets= needs the name of a target");
  } else {
    throw refuse("'" + printable(key) + "' is no key that this line may have");
  }
}

// Parses one line. `refuse` makes the Error from a description of the fault.
template <class Refuse>
Account parse_account(std::string_view line, const Refuse& refuse) {
  const auto parts = split(line, ':');
  if (parts.size() < 2 || parts[0].empty())
    throw refuse("not NAME:HASH:ROLE[:KEY=VALUE]... (see kvm-mjpeg-httpd(1), PASSWORDS)");
  Account account{std::string(parts[0]), std::string(parts[1]), Role::kControl};
  const std::string_view role = parts.size() > 2 ? parts[2] : "control";
  if (role != "control" && role != "view") throw refuse("the role must be control or view");
  if (role == "view") account.role = Role::kView;
  // htpasswd(1) calls bcrypt 2y, crypt(3) calls the same algorithm 2b.
  if (account.hash.starts_with("$2y$")) account.hash[2] = 'b';
  const bool special = account.hash == kNoPassword || is_token_hash(account.hash);
  if (!special && ::crypt_checksalt(account.hash.c_str()) != CRYPT_SALT_OK)
    throw refuse("not a strong hash (make one: mkpasswd -m yescrypt, or htpasswd -nB)");
  for (std::size_t i = 3; i < parts.size(); ++i) set_field(account, parts[i], refuse);
  return account;
}

}  // namespace

const char* name_of(Role role) noexcept {
  return role == Role::kControl ? "control" : "view";
}

std::vector<Account> parse_passwords(std::string_view text, const std::string& name) {
  std::vector<Account> accounts;
  int number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const auto refuse = [&](const std::string& why) {
      return Error(Exit::kConfig, strf("%s:%d: ", name.c_str(), number) + why);
    };
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    Account account = parse_account(line, refuse);
    if (std::ranges::find(accounts, account.name, &Account::name) != accounts.end())
      throw refuse("the name '" + printable(account.name) + "' occurs twice");
    accounts.push_back(std::move(account));
  }
  if (accounts.empty()) throw Error(Exit::kConfig, name + ": there is no account in this file");
  return accounts;
}

bool password_fits(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();
  const char* const result = ::crypt_r(password.c_str(), hash.c_str(), data.get());
  if (!result || result[0] == '*' || password.find('\0') != password.npos) return false;
  const std::string_view made = result;
  if (made.size() != hash.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < made.size(); ++i)
    different |= static_cast<unsigned char>(made[i]) ^ static_cast<unsigned char>(hash[i]);
  return different == 0;
}

}  // namespace kvm
