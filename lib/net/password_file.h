// The password file: users with hashes of crypt(5), and tokens (net/tokens.h).
// kvm-mjpeg-httpd(1), PASSWORDS, describes its lines: NAME:HASH:ROLE[:KEY=VALUE]...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvm {

enum class Role { kView, kControl };
// "view", "control".
const char* name_of(Role role) noexcept;

// The hash of a user who logs in without a password, through a proxy.
inline constexpr std::string_view kNoPassword = "*";

struct Account {
  std::string name;
  // As crypt(3) takes it: bcrypt, yescrypt, SHA-512…; of a token: token_hash(); or kNoPassword.
  std::string hash;
  Role role;
  std::optional<std::int64_t> expires_s = {};  // Unix time from which a token is refused
  std::string totp = {};                       // totp_secret(); empty: no second factor
  std::vector<std::string> recovery = {};      // recovery_hash() of each recovery code
  std::vector<std::string> targets = {};       // names of the targets that it opens; empty: all
  bool operator==(const Account&) const = default;
};

// Somebody who has logged in. Without passwords, everybody is {"", control}.
struct User {
  std::string name;
  Role role = Role::kControl;
  std::string session = {};  // key of the session (net/sessions.h) or token that let this user in
  std::string from = {};     // address that sent the request; "": unknown
};

// Parses the content of a password file; `name` stands for the file in messages. A missing role
// means control. Skips empty lines and lines that begin with #. Throws Error (Exit::kConfig) if
// there is no account at all. Throws it with the line's number for a hash that crypt(3) calls weak
// or does not know, for an unknown role or key, and for a name that occurs twice.
std::vector<Account> parse_passwords(std::string_view text, const std::string& name);

// crypt(3), which is slow on purpose: some tens of milliseconds. May be called from any thread.
bool password_fits(const std::string& password, const std::string& hash);

}  // namespace kvm
