#include "net/auth.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "base/trusted_file.h"

namespace kvm {

namespace {

constexpr std::size_t kMostJobs = 16;  // of strangers, and as many of sites with a login
constexpr std::size_t kMostSites = 1000;
constexpr std::string_view kCookie = "cookie ";

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
  auto accounts = parse_passwords(read_trusted_file(file), file);
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
  return sessions_.use(keyed(kCookie, token), loop_.now_us());
}

// The key under which sessions_ finds a secret of this kind. The key does not reveal the secret,
// and the time that a search takes does not depend on how much of a guess is right.
std::string Auth::keyed(std::string_view kind, std::string_view secret) const {
  unsigned char digest[32];
  gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret_.data(), secret_.size(), secret.data(), secret.size(),
                   digest);
  return std::string(kind) + hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

std::string Auth::mark(const std::string& name, const std::string& password) const {
  return keyed("basic ", std::to_string(name.size()) + ":" + name + password);
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
                 const std::string& address, Purpose purpose, Done done) {
  const std::int64_t now_us = loop_.now_us();
  const Account* known = find(accounts_, name);
  if (known && known->hash == kNoPassword) known = nullptr;
  Question question{known ? *known : stand_in(name), known != nullptr, address,
                    mark(name, password), ""};
  question.key = question.mark + " " + mark("", code) + " " + question.account.hash + " " + address;
  // Each login with a code is judged by itself, because a code is good for one session.
  if (!code.empty()) question.key += " " + std::to_string(++codes_asked_);
  std::int64_t wait_s = throttle_.wait_s(address, now_us);
  // This must not depend on a password: it is an answer to a guess that is not counted.
  const Queue queue = logged_in_.contains(site_of(address)) ? Queue::kLoggedIn : Queue::kStrangers;
  if (wait_s == 0 && is_full(queue)) {
    audit_.note_stranger("login failed",
                         {question.account.name, question.account.role, {}, address},
                         {{"why", "too many passwords wait to be checked"}});
    wait_s = 1;
  }
  if (wait_s == 0 && purpose == Purpose::kRequest)
    if (const auto user = sessions_.use(question.mark, now_us))
      return done({Verdict::kYes, *user, "", 0});
  if (const auto asked = asking_.find(question.key); asked != asking_.end())
    return asked->second.push_back({purpose, std::move(done)});
  if (wait_s == 0) {
    throttle_.begins(address, now_us);
    enqueue(queue, {password, code, question.account, now_us,
                    [this, question](const Looked& looked) { judge(question, looked); }});
    return asking_[question.key].push_back({purpose, std::move(done)});
  }
  ++counts_.throttled;
  done({Verdict::kWait, {}, "", wait_s});
}

void Auth::judge(const Question& question, const Looked& looked) {
  // The password file may have been read again since the question was asked.
  const bool current = std::ranges::find(accounts_, question.account) != accounts_.end();
  const bool right = question.known && current && looked.password_right &&
                     looked.code.verdict == SecondFactor::Verdict::kYes;
  throttle_.ends(question.address, !right, loop_.now_us());
  ++(right ? counts_.logins : counts_.failures);
  if (right) remember_site(question.address);
  note_judged(question, looked, right);
  // Whether the code was wrong or the user has to wait: another answer than for a wrong password
  // would tell that the password is right.
  const Checked refused{Verdict::kNo, {}, "", 0};
  const auto asked = asking_.extract(question.key);
  for (const auto& [purpose, done] : asked.mapped())
    done(right ? opened(question, purpose) : refused);
}

void Auth::note_judged(const Question& question, const Looked& looked, bool right) {
  const Account& account = question.account;
  const User user{account.name, account.role, {}, question.address};
  if (right) {
    audit_.note("login", user,
                {{"role", name_of(user.role)},
                 {"by", account.totp.empty() ? "password" : "password+code"}});
    return;
  }
  // Somebody may have typed a password as the name, so only known names are written.
  Audit::Facts facts;
  if (question.known && looked.password_right) facts.emplace_back("wrong", "code");
  audit_.note_stranger("login failed", user, facts);
}

// Runs in worker_: crypt(3) takes long, and so may writing a used code to the disc.
Auth::Looked Auth::look(const Job& job) {
  const bool fits = password_fits(job.password, job.account.hash);
  if (!fits || job.account.totp.empty()) return {fits, {SecondFactor::Verdict::kYes, 0}};
  // No code is not a guess: if it counted, a program that sends the password alone, or somebody who
  // has it, could make the user wait without end.
  if (job.code.empty()) return {fits, {SecondFactor::Verdict::kNo, 0}};
  return {fits, second_factor_.check(job.account, job.code, job.now_us, unix_s())};
}

// Begins the session for which the right password, and code, were sent. (A user with a second
// factor has sent a code, so `purpose` is kSession: a password alone must not open a session.)
Auth::Checked Auth::opened(const Question& question, Purpose purpose) {
  const bool form = purpose == Purpose::kSession || !question.account.totp.empty();
  const std::string token = form ? hex(random_bytes(32)) : "";
  const std::string key = form ? keyed(kCookie, token) : question.mark;
  const User user{question.account.name, question.account.role, {}, question.address};
  return {Verdict::kYes, sessions_.begin(key, user, loop_.now_us()), token, 0};
}

// Users of this site keep their place before strangers. The oldest logins are forgotten.
void Auth::remember_site(const std::string& address) {
  const std::int64_t now_us = loop_.now_us();
  logged_in_[site_of(address)] = now_us;
  if (logged_in_.size() > kMostSites)
    logged_in_.erase(
        std::ranges::min_element(logged_in_, {}, [](const auto& site) { return site.second; }));
}

std::deque<Auth::Job>& Auth::jobs(Queue queue) noexcept {
  return queue == Queue::kLoggedIn ? first_jobs_ : jobs_;
}

bool Auth::is_full(Queue queue) {
  const std::lock_guard lock(mutex_);
  return jobs(queue).size() >= kMostJobs;
}

void Auth::enqueue(Queue queue, Job job) {
  const std::lock_guard lock(mutex_);
  jobs(queue).push_back(std::move(job));
  wake_.notify_one();
}

void Auth::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty() || !first_jobs_.empty(); });
    if (stopping_) return;
    std::deque<Job>& queue = first_jobs_.empty() ? jobs_ : first_jobs_;
    const Job job = std::move(queue.front());
    queue.pop_front();
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
    audit_.note_stranger("token refused", {"", {}, {}, address}, {{"why", "unknown"}});
  } else if (checked.verdict == Tokens::Verdict::kWait) {
    ++counts_.throttled;
  }
  return checked;
}

std::int64_t Auth::wrong_proxy_secret(const std::string& address) {
  const std::int64_t now_us = loop_.now_us();
  const std::int64_t wait_s = proxy_throttle_.wait_s(address, now_us);
  if (wait_s > 0) {
    ++counts_.throttled;
    return wait_s;
  }
  ++counts_.failures;
  proxy_throttle_.begins(address, now_us);
  proxy_throttle_.ends(address, true, now_us);
  return 0;
}

void Auth::close(const std::string& token, const std::string& address) {
  const std::string key = keyed(kCookie, token);
  if (auto user = sessions_.use(key, loop_.now_us())) {
    user->from = address;
    audit_.note("logout", *user);
  }
  sessions_.end(key);
  ended_();
}

}  // namespace kvm
