// The password file: NAME:HASH:ROLE a line, hashes by crypt(5).
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

// Somebody who has logged in; where no passwords are asked for, everybody is {"", control}.
struct User {
  std::string name;
  Role role = Role::kControl;
  std::string session = {};  // by which they are in: a key of Auth's
};

// `name` stands in messages. An empty role is control. Lines that are empty or begin with # are
// passed over. Throws Error (Exit::kConfig) with the line's number: a hash that crypt(3) calls
// weak or does not know, an unknown role, a name that comes twice, nobody at all.
std::vector<Account> parse_passwords(std::string_view text, const std::string& name);

// crypt(3), made to be slow: some tens of milliseconds. From any thread.
bool password_fits(const std::string& password, const std::string& hash);

}  // namespace kvm
