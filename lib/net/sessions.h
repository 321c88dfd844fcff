// Users who are logged in, each found by a secret key: a keyed hash of a cookie's value, or of a
// name and password that were checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "net/password_file.h"

namespace kvm {

// A user has at most 50 sessions; all users together have at most 1000. Beyond that, the session
// that was unused for longest ends. A user with 50 sessions loses one of these, not another user's.
// Times are monotonic µs.
class Sessions {
 public:
  static constexpr std::int64_t kLastsUs = 12 * 3'600'000'000;  // since the last use

  // Starts a session or replaces the one with this key. User::session of the result is the key.
  const User& begin(const std::string& key, const User& user, std::int64_t now_us);
  // Counts as a use: the session lasts kLastsUs from now. nullopt if there is no such session.
  std::optional<User> use(const std::string& key, std::int64_t now_us);
  // Whether there is such a session. Does not count as a use.
  bool lasts(const std::string& key, std::int64_t now_us) const;

  void end(const std::string& key) { sessions_.erase(key); }
  void end_if(const std::function<bool(const User&)>& ends);

 private:
  struct Session {
    User user;
    std::int64_t until_us;
  };
  void make_room(std::size_t most, const std::function<bool(const User&)>& counts);

  std::map<std::string, Session> sessions_;
};

}  // namespace kvm
