#include "net/auth.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <algorithm>

#include "base/error.h"
#include "base/io.h"
#include "base/message.h"
#include "base/random.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr std::size_t kMostJobs = 16;

const Account* find(const std::vector<Account>& accounts, const std::string& name) {
  const auto found = std::ranges::find(accounts, name, &Account::name);
  return found == accounts.end() ? nullptr : &*found;
}

}  // namespace

Auth::Auth(Loop& loop, std::string file, std::function<void()> ended)
    : loop_(loop), file_(std::move(file)), ended_(std::move(ended)) {
  if (!required()) return;
  accounts_ = parse_passwords(read_file(file_), file_);
  secret_ = random_bytes(32);
  worker_ = std::thread([this] { work(); });
}

Auth::~Auth() {
  if (!worker_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  worker_.join();
}

void Auth::reload() {
  if (!required()) return;
  auto fresh = parse_passwords(read_file(file_), file_);
  const auto before = std::exchange(accounts_, std::move(fresh));
  sessions_.end_if([&](const User& user) {
    const Account* const old = find(before, user.name);
    const Account* const now = find(accounts_, user.name);
    return !old || !now || *old != *now;
  });
  ended_();
}

bool Auth::holds(const User& user) const {
  return !required() || sessions_.lasts(user.session, loop_.now_us());
}

std::optional<User> Auth::session(const std::string& token) {
  return sessions_.use(token, loop_.now_us());
}

// The key under which sessions_ finds a name and password. The key does not reveal them. The blank
// in it distinguishes it from a token: no cookie has such a value.
std::string Auth::mark(const std::string& name, const std::string& password) const {
  const std::string text = std::to_string(name.size()) + ":" + name + password;
  unsigned char digest[32];
  gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret_.data(), secret_.size(), text.data(), text.size(),
                   digest);
  return "basic " + hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

std::optional<User> Auth::remembered(const std::string& name, const std::string& password,
                                     const std::string& address) {
  if (throttle_.wait_s(address, loop_.now_us()) > 0) return std::nullopt;
  return sessions_.use(mark(name, password), loop_.now_us());
}

// The account whose hash is checked for an unknown name, so that the answer takes as long as for a
// known name. The same unknown name always gets the same account. Hashes take from milliseconds to
// seconds: if the account changed from try to try, the changing times would expose the name as
// unknown.
const Account& Auth::stand_in(const std::string& name) const {
  return accounts_[std::hash<std::string>{}(mark(name, "")) % accounts_.size()];
}

void Auth::check(const std::string& name, const std::string& password, const std::string& address,
                 Done done) {
  const Account* const known = find(accounts_, name);
  Question question{known ? *known : stand_in(name), known != nullptr, address,
                    mark(name, password), ""};
  question.key = question.mark + " " + question.account.hash + " " + address;
  if (const auto asked = asking_.find(question.key); asked != asking_.end())
    return asked->second.push_back(std::move(done));
  std::int64_t wait_s = throttle_.wait_s(address, loop_.now_us());
  if (wait_s == 0) {
    const bool accepted = enqueue(
        {password, question.account.hash, [this, question](bool fits) { judge(question, fits); }});
    if (accepted) {
      throttle_.begins(address, loop_.now_us());
      return asking_[question.key].push_back(std::move(done));
    }
    wait_s = 1;
  }
  ++counts_.throttled;
  done({Verdict::kWait, {}, wait_s});
}

void Auth::judge(const Question& question, bool fits) {
  // The password file may have been read again since the question was asked.
  const bool current = std::ranges::find(accounts_, question.account) != accounts_.end();
  const bool right = question.known && fits && current;
  const std::int64_t now_us = loop_.now_us();
  throttle_.ends(question.address, !right, now_us);
  if (right) {
    ++counts_.logins;
    const auto& [name, hash, role] = question.account;
    answer(question, {Verdict::kYes, sessions_.begin(question.mark, {name, role}, now_us), 0});
  } else {
    ++counts_.failures;
    say("login failed from " + question.address);
    answer(question, {Verdict::kNo, {}, 0});
  }
}

void Auth::answer(const Question& question, const Checked& checked) {
  const auto asked = asking_.extract(question.key);
  for (const Done& done : asked.mapped()) done(checked);
}

// false: too many passwords wait to be checked.
bool Auth::enqueue(Job job) {
  const std::lock_guard lock(mutex_);
  if (jobs_.size() >= kMostJobs) return false;
  jobs_.push_back(std::move(job));
  wake_.notify_one();
  return true;
}

void Auth::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const bool fits = password_fits(job.password, job.hash);
    loop_.post([done = job.done, fits] { done(fits); });
    lock.lock();
  }
}

std::string Auth::open(const User& user) {
  return sessions_.begin(hex(random_bytes(32)), user, loop_.now_us()).session;
}

void Auth::close(const std::string& token) {
  sessions_.end(token);
  ended_();
}

}  // namespace kvm
