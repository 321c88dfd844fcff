// Who is who: passwords, sessions, and patience with those who guess.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "net/passwords.h"

namespace kvm {

// How many failures an address may have, and how long it waits after that: 2 s, 4 s… 64 s; then it
// has one try at a time. Forgotten an hour after the last one, by no success: an account of one's
// own would give as many guesses at another's as one likes. IPv6 addresses count by their /64.
class Throttle {
 public:
  // Seconds that this address has to wait at `now_us` (monotonic); 0: it may try.
  std::int64_t wait_s(const std::string& address, std::int64_t now_us) const;
  // A try begins, and may be a failure until it ends.
  void begins(const std::string& address, std::int64_t now_us);
  void ends(const std::string& address, bool failed, std::int64_t now_us);

 private:
  struct Tries {
    int failures = 0, undecided = 0;
    std::int64_t last_us = 0;  // a failure, or the beginning of the first try
  };
  std::map<std::string, Tries> tries_;
};

// Since the start.
struct LoginCounts {
  std::uint64_t logins = 0, failures = 0;
  std::uint64_t throttled = 0;  // refused without a look at the password
};

// Belongs to the loop's thread; the slow part of check() runs in a thread of its own.
class Auth {
 public:
  static constexpr std::int64_t kSessionS = 12 * 3600;  // since it was last used

  // `file` empty: everybody is let in. `ended`: sessions were ended, holds() tells which. Throws
  // Error.
  Auth(Loop& loop, std::string file, std::function<void()> ended,
       std::int64_t session_s = kSessionS);
  ~Auth();

  bool required() const noexcept { return !file_.empty(); }
  const LoginCounts& counts() const noexcept { return counts_; }

  // Reads the file again. Sessions of those whose line changed end. Throws Error; the old ones
  // stay.
  void reload();
  // Whether the session that let the user in goes on.
  bool holds(const User& user) const;

  // A cookie's value or a name and password that were checked lately; nullopt: log in. The session
  // is prolonged.
  std::optional<User> session(const std::string& token);
  // nullopt, too, while that address has to wait: else it could guess as fast as it likes what
  // somebody else has just logged in with.
  std::optional<User> remembered(const std::string& name, const std::string& password,
                                 const std::string& address);

  enum class Verdict { kYes, kNo, kWait };
  struct Checked {
    Verdict verdict;
    User user;            // kYes
    std::int64_t wait_s;  // kWait: before the next try
  };
  using Done = std::function<void(const Checked&)>;
  // `done` is called in the loop, some tens of milliseconds later, or at once with kWait. Who asks
  // the same again meanwhile, from the same address, shares the answer: that is no second guess.
  void check(const std::string& name, const std::string& password, const std::string& address,
             Done done);

  // A new session's token: 256 random bits, in hex.
  std::string open(const User& user);
  void close(const std::string& token);

 private:
  struct Job {
    std::string password, hash;
    std::function<void(bool)> done;
  };
  struct Session {
    User user;
    std::int64_t until_us;  // monotonic
  };
  void work();
  void decided(const std::string& question, const Checked& answer);
  void forget_old(const std::string& name);
  std::optional<User> find(const std::string& key);
  std::string mark(const std::string& name, const std::string& password) const;
  const Account& stand_in(const std::string& name) const;
  const User& begin(const std::string& key, const User& user);

  Loop& loop_;
  std::string file_;
  std::function<void()> ended_;
  std::int64_t session_us_;
  std::vector<Account> accounts_;
  std::string secret_;                               // for mark()
  std::map<std::string, Session> sessions_;          // by token or mark
  std::map<std::string, std::vector<Done>> asking_;  // by mark, hash and address
  Throttle throttle_;
  LoginCounts counts_;
  std::thread worker_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;   // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
};

}  // namespace kvm
