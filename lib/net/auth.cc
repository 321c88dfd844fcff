#include "net/auth.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "base/error.h"
#include "base/io.h"
#include "base/random.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr std::size_t kMostJobs = 16;

// Stands in for unknown names if the file has no password. Nobody knows this one.
const Account kNobody{
    "", "$y$j9T$DSFBLGtnNQeb4rDzHkqSE/$/8E6rUVsrjgVa/wG/88nY9uI/Bm4V2y8O6coAjPj9t5", Role::kView};

// User::session of users whom a proxy has let in. No cookie and no token is such a key.
constexpr const char* kByProxy = "by proxy";

std::int64_t unix_s() noexcept {
  return unix_us() / 1'000'000;
}

const Account* find(const std::vector<Account>& accounts, const std::string& name) {
  const auto found = std::ranges::find(accounts, name, &Account::name);
  return found == accounts.end() ? nullptr : &*found;
}

}  // namespace

Auth::Auth(Loop& loop, Audit& audit, AuthOptions options, std::function<void()> ended)
    : loop_(loop),
      audit_(audit),
      options_(std::move(options)),
      ended_(std::move(ended)),
      second_factor_(options_.used_codes) {
  if (!required()) return;
  use(read());
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

// The users and tokens that open this target. To all others, the server answers as to strangers.
std::vector<Account> Auth::read() const {
  const std::string& file = options_.passwords;
  auto accounts = parse_passwords(read_file(file), file);
  const auto needs = [&](const char* what) {
    return Error(Exit::kConfig, file + ": " + what + " (see kvm-mjpeg-httpd(1), PASSWORDS)");
  };
  const auto has = [&](auto member) {
    return std::ranges::any_of(accounts,
                               [&](const Account& account) { return !(account.*member).empty(); });
  };
  if (has(&Account::targets) && options_.target.empty())
    throw needs("it names targets, but this server's target has no name");
  if (has(&Account::totp)) {
    if (options_.used_codes.empty())
      throw needs("a user has a second factor, but there is no file for used codes");
    UsedCodes(options_.used_codes).check();
  }
  std::erase_if(accounts, [&](const Account& account) {
    return !account.targets.empty() && std::ranges::count(account.targets, options_.target) == 0;
  });
  return accounts;
}

void Auth::use(const std::vector<Account>& accounts) {
  tokens_.set(accounts);
  accounts_.clear();
  std::ranges::copy_if(accounts, std::back_inserter(accounts_),
                       [](const Account& account) { return !is_token_hash(account.hash); });
}

void Auth::reload() {
  if (!required()) return;
  const auto fresh = read();
  const auto before = accounts_;
  use(fresh);
  sessions_.end_if([&](const User& user) {
    const Account* const old = find(before, user.name);
    const Account* const now = find(accounts_, user.name);
    return !old || !now || *old != *now;
  });
  ended_();
}

bool Auth::holds(const User& user) const {
  if (user.session == kByProxy) {
    const auto known = known_to_proxy(user.name);
    return known && known->role == user.role;
  }
  return !required() || tokens_.holds(user, unix_s()) ||
         sessions_.lasts(user.session, loop_.now_us());
}

std::optional<User> Auth::known_to_proxy(const std::string& name) const {
  const Account* const account = find(accounts_, name);
  return account ? std::optional(User{name, account->role, kByProxy, {}}) : std::nullopt;
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
// unknown. It has no second factor, whose codes could be used up.
Account Auth::stand_in(const std::string& name) const {
  std::vector<std::string> hashes;
  for (const Account& account : accounts_)
    if (account.hash != kNoPassword) hashes.push_back(account.hash);
  if (hashes.empty()) return kNobody;
  return {"", hashes[std::hash<std::string>{}(mark(name, "")) % hashes.size()], Role::kView};
}

void Auth::check(const std::string& name, const std::string& password, const std::string& code,
                 const std::string& address, Done done) {
  const Account* known = find(accounts_, name);
  if (known && known->hash == kNoPassword) known = nullptr;
  Question question{known ? *known : stand_in(name), known != nullptr, address,
                    mark(name, password), ""};
  question.key = question.mark + " " + mark("", code) + " " + question.account.hash + " " + address;
  if (const auto asked = asking_.find(question.key); asked != asking_.end())
    return asked->second.push_back(std::move(done));
  std::int64_t wait_s = throttle_.wait_s(address, loop_.now_us());
  if (wait_s == 0) {
    const bool accepted =
        enqueue({password, code, question.account, loop_.now_us(),
                 [this, question](const Looked& looked) { judge(question, looked); }});
    if (accepted) {
      throttle_.begins(address, loop_.now_us());
      return asking_[question.key].push_back(std::move(done));
    }
    wait_s = 1;
  }
  ++counts_.throttled;
  done({Verdict::kWait, {}, wait_s});
}

void Auth::judge(const Question& question, const Looked& looked) {
  // The password file may have been read again since the question was asked.
  const bool current = std::ranges::find(accounts_, question.account) != accounts_.end();
  const bool right = question.known && current && looked.password_right &&
                     looked.code.verdict == SecondFactor::Verdict::kYes;
  const std::int64_t now_us = loop_.now_us();
  throttle_.ends(question.address, !right, now_us);
  const Account& account = question.account;
  const bool has_code = !account.totp.empty();
  if (right) {
    ++counts_.logins;
    const User user{account.name, account.role, {}, question.address};
    audit_.note("login", user,
                {{"role", name_of(user.role)}, {"by", has_code ? "password+code" : "password"}});
    // A password alone must not open the session that remembered() finds.
    answer(question,
           {Verdict::kYes, has_code ? user : sessions_.begin(question.mark, user, now_us), 0});
    return;
  }
  ++counts_.failures;
  // Somebody may have typed a password as the name, so only known names are written.
  Audit::Facts facts;
  if (question.known && looked.password_right) facts.emplace_back("wrong", "code");
  audit_.note("login failed", {account.name, account.role, {}, question.address}, facts);
  if (looked.code.verdict == SecondFactor::Verdict::kWait)
    return answer(question, {Verdict::kWait, {}, looked.code.wait_s});
  answer(question, {Verdict::kNo, {}, 0});
}

// Runs in worker_: crypt(3) takes long, and so may writing a used code to the disc.
Auth::Looked Auth::look(const Job& job) {
  const bool fits = password_fits(job.password, job.account.hash);
  if (!fits || job.account.totp.empty()) return {fits, {SecondFactor::Verdict::kYes, 0}};
  return {fits, second_factor_.check(job.account, job.code, job.now_us, unix_s())};
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
    const Looked looked = look(job);
    loop_.post([done = job.done, looked] { done(looked); });
    lock.lock();
  }
}

Tokens::Checked Auth::check_token(std::string_view token, const std::string& address) {
  const auto checked = tokens_.check(token, address, loop_.now_us(), unix_s());
  if (checked.verdict == Tokens::Verdict::kNo) {
    ++counts_.failures;
    audit_.note("token refused", {"", {}, {}, address}, {{"why", "unknown"}});
  } else if (checked.verdict == Tokens::Verdict::kWait) {
    ++counts_.throttled;
  }
  return checked;
}

std::string Auth::open(const User& user) {
  return sessions_.begin(hex(random_bytes(32)), user, loop_.now_us()).session;
}

void Auth::close(const std::string& token, const std::string& address) {
  if (auto user = sessions_.use(token, loop_.now_us())) {
    user->from = address;
    audit_.note("logout", *user);
  }
  sessions_.end(token);
  ended_();
}

}  // namespace kvm
