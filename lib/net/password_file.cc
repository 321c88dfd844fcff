#include "net/password_file.h"

#include <crypt.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

// Parses one line. `refuse` makes the Error from a description of the fault.
template <class Refuse>
Account parse_account(std::string_view line, const Refuse& refuse) {
  const auto parts = split(line, ':');
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty())
    throw refuse("not NAME:HASH:ROLE (see kvm-mjpeg-httpd(1), PASSWORDS)");
  Account account{std::string(parts[0]), std::string(parts[1]), Role::kControl};
  const std::string_view role = parts.size() == 3 ? parts[2] : "control";
  if (role != "control" && role != "view") throw refuse("the role must be control or view");
  if (role == "view") account.role = Role::kView;
  // htpasswd(1) calls bcrypt 2y, crypt(3) calls the same algorithm 2b.
  if (account.hash.starts_with("$2y$")) account.hash[2] = 'b';
  if (::crypt_checksalt(account.hash.c_str()) != CRYPT_SALT_OK)
    throw refuse("not a strong hash (make one: mkpasswd -m yescrypt, or htpasswd -nB)");
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
