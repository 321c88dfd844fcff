// The password file: lines NAME:HASH:ROLE with hashes of crypt(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kvm {

enum class Role { kView, kControl };
// "view", "control".
const char* name_of(Role role) noexcept;

struct Account {
  std::string name;
  std::string hash;  // as crypt(3) takes it: bcrypt, yescrypt, SHA-512…
  Role role;
  bool operator==(const Account&) const = default;
};

// Somebody who has logged in. Without passwords, everybody is {"", control}.
struct User {
  std::string name;
  Role role = Role::kControl;
  std::string session = {};  // key of the session that let this user in (net/sessions.h)
};

// Parses the content of a password file; `name` stands for the file in messages. A missing role
// means control. Skips empty lines and lines that begin with #. Throws Error (Exit::kConfig) if
// there is no account at all. Throws it with the line's number for a hash that crypt(3) calls weak
// or does not know, for an unknown role, and for a name that occurs twice.
std::vector<Account> parse_passwords(std::string_view text, const std::string& name);

// crypt(3), which is slow on purpose: some tens of milliseconds. May be called from any thread.
bool password_fits(const std::string& password, const std::string& hash);

}  // namespace kvm
