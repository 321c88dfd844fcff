// Logins: checks names and passwords against the password file, and knows who is logged in.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "net/password_file.h"
#include "net/sessions.h"
#include "net/throttle.h"

namespace kvm {

// Since the start.
struct LoginCounts {
  std::uint64_t logins = 0, failures = 0;
  std::uint64_t throttled = 0;  // refused without checking the password
};

// For the loop's thread only. Hashes passwords in a thread of its own.
class Auth {
 public:
  // If `file` is empty, everybody is let in. reload() and close() call `ended`, because they may
  // have ended sessions; holds() tells whose. Throws Error if the password file cannot be read or
  // is malformed.
  Auth(Loop& loop, std::string file, std::function<void()> ended);
  ~Auth();

  bool required() const noexcept { return !file_.empty(); }
  const LoginCounts& counts() const noexcept { return counts_; }

  // Reads the password file again. Ends the sessions of users whose line changed. Throws Error and
  // keeps the old accounts if the file is unusable.
  void reload();
  // Whether the session that let the user in still lasts.
  bool holds(const User& user) const;

  // The user whose cookie has this value. Prolongs the session. nullopt: not logged in.
  std::optional<User> session(const std::string& token);
  // The user, if this name and password were checked or used within the last 12 hours; otherwise
  // nullopt. If a client sends them with every request, this saves one crypt(3) per request. While
  // this address has to wait, the result is always nullopt: otherwise the address could make
  // any number of guesses at a password that is in use.
  std::optional<User> remembered(const std::string& name, const std::string& password,
                                 const std::string& address);

  enum class Verdict { kYes, kNo, kWait };
  struct Checked {
    Verdict verdict;
    User user;            // kYes
    std::int64_t wait_s;  // kWait: seconds before the next try
  };
  using Done = std::function<void(const Checked&)>;
  // Checks a password. Calls `done` from the loop some tens of milliseconds later, or with kWait
  // before check() returns. If the same address sends the same name and password again in the
  // meantime, both calls get the same answer and count as one try.
  void check(const std::string& name, const std::string& password, const std::string& address,
             Done done);

  // Begins a session. Returns its token: 256 random bits, in hex.
  std::string open(const User& user);
  void close(const std::string& token);

 private:
  struct Job {
    std::string password, hash;
    std::function<void(bool)> done;
  };
  struct Question {
    Account account;  // the account of this name, or a stand-in
    bool known;       // there is an account of this name
    std::string address;
    std::string mark;  // mark() of the name and password
    std::string key;   // in asking_
  };
  void work();
  bool enqueue(Job job);
  void judge(const Question& question, bool fits);
  void answer(const Question& question, const Checked& checked);
  const Account& stand_in(const std::string& name) const;
  std::string mark(const std::string& name, const std::string& password) const;

  Loop& loop_;
  std::string file_;
  std::function<void()> ended_;
  std::vector<Account> accounts_;
  std::string secret_;                               // for mark()
  Sessions sessions_;                                // by token or mark()
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
