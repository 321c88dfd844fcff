// Logins: checks names and passwords against the password file, and knows who is logged in.
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
#include "net/addresses.h"
#include "net/audit.h"
#include "net/password_file.h"
#include "net/second_factor.h"
#include "net/sessions.h"
#include "net/throttle.h"
#include "net/tokens.h"

namespace kvm {

// Since the start.
struct LoginCounts {
  std::uint64_t logins = 0, failures = 0;
  std::uint64_t throttled = 0;  // refused without checking the password
};

struct AuthOptions {
  std::string passwords;        // file; empty: no login
  std::string used_codes = {};  // file of net/used_codes.h, for users with a second factor
  std::string target = {};      // the target that is served; users of other targets are unknown
};

// For the loop's thread only. Hashes passwords in a thread of its own.
class Auth {
 public:
  // If there is no password file, everybody is let in. `audit` gets a line for each login, failed
  // login and logout. reload() and close() call `ended`, because they may have ended sessions;
  // holds() tells whose. Throws Error if the password file cannot be read, is malformed or needs an
  // option that is missing.
  Auth(Loop& loop, Audit& audit, AuthOptions options, std::function<void()> ended);
  ~Auth();

  bool required() const noexcept { return !options_.passwords.empty(); }
  const LoginCounts& counts() const noexcept { return counts_; }

  // Reads the password file again. Ends the sessions of users whose line changed. Throws Error and
  // keeps the old accounts if the file is unusable.
  void reload();
  // Whether the session that let the user in still lasts.
  bool holds(const User& user) const;

  // The user whose cookie has this value. Prolongs the session. nullopt: not logged in.
  std::optional<User> session(const std::string& token);
  enum class Verdict { kYes, kNo, kWait };
  enum class Purpose {
    kRequest,  // a program sends the password with every request (HTTP Basic)
    kSession,  // a person logs in: a right password begins a session with a token
  };
  struct Checked {
    Verdict verdict;
    User user;            // kYes
    std::string token;    // kYes, for kSession: 256 random bits, in hex
    std::int64_t wait_s;  // kWait: seconds before the next try
  };
  using Done = std::function<void(const Checked&)>;
  // Checks a password and, if the user has a second factor, the code, which is empty if none was
  // sent. This is the only function that looks at a password, and every answer that depends on one
  // counts as a try of this address: wrong passwords make the address wait. Calls `done` from the
  // loop some tens of milliseconds later. Calls it before check() returns if the address has to
  // wait or too many passwords wait to be checked, or if a kRequest sends a name and password that
  // were checked or used within the last 12 hours; the latter saves one crypt(3) per request. If
  // the same address sends the same words again in the meantime, without a code, both calls get the
  // same answer and count as one try.
  void check(const std::string& name, const std::string& password, const std::string& code,
             const std::string& address, Purpose purpose, Done done);

  // The user of this name, whom a proxy has let in. nullopt: there is no such user.
  std::optional<User> known_to_proxy(const std::string& name) const;
  // Writes to the audit trail that a request in this user's name was refused.
  void note_refused(const User& user, const char* why) {
    audit_.note_stranger("login failed", user, {{"why", why}});
  }
  // Counts a wrong guess at the proxy's secret. Returns the seconds that this address should have
  // waited, 0 if it need not wait. The right secret is accepted all the same, because the proxy has
  // the same address as other programs of this machine.
  std::int64_t wrong_proxy_secret(const std::string& address);
  // Checks a token at once.
  Tokens::Checked check_token(std::string_view token, const std::string& address);

  // Ends the session with this token; `address` asked for it.
  void close(const std::string& token, const std::string& address);

 private:
  struct Looked {
    bool password_right;
    SecondFactor::Checked code;  // if the password was right
  };
  struct Job {
    std::string password, code;
    Account account;
    std::int64_t now_us;
    std::function<void(const Looked&)> done;
  };
  struct Question {
    Account account;  // the account of this name, or a stand-in
    bool known;       // there is an account of this name
    std::string address;
    std::string mark;  // mark() of the name and password
    std::string key;   // in asking_
  };
  struct Asker {
    Purpose purpose;
    Done done;
  };
  std::vector<Account> read() const;
  void use(const std::vector<Account>& accounts);
  void work();
  // Passwords that wait to be checked: those of sites from which somebody logged in before go
  // first, so that strangers cannot keep users out.
  enum class Queue { kStrangers, kLoggedIn };
  std::deque<Job>& jobs(Queue queue) noexcept;
  bool is_full(Queue queue);
  void enqueue(Queue queue, Job job);
  void remember_site(const std::string& address);
  Looked look(const Job& job);
  void judge(const Question& question, const Looked& looked);
  void note_judged(const Question& question, const Looked& looked, bool right);
  Checked opened(const Question& question, Purpose purpose);
  Account stand_in(const std::string& name) const;
  std::string keyed(std::string_view kind, std::string_view secret) const;
  std::string mark(const std::string& name, const std::string& password) const;

  Loop& loop_;
  Audit& audit_;
  AuthOptions options_;
  std::function<void()> ended_;
  std::vector<Account> accounts_;  // of the file, without the tokens
  Tokens tokens_;
  std::string secret_;                                // for keyed()
  Sessions sessions_;                                 // by keyed()
  std::map<std::string, std::vector<Asker>> asking_;  // by mark, code, hash and address
  Throttle throttle_, proxy_throttle_;
  std::map<std::string, std::int64_t>
      logged_in_;  // sites, and the monotonic time of the last login
  std::uint64_t codes_asked_ = 0;
  LoginCounts counts_;
  SecondFactor second_factor_;  // for worker_ only
  std::thread worker_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> first_jobs_, jobs_;  // guarded by mutex_
  bool stopping_ = false;              // guarded by mutex_
};

}  // namespace kvm
