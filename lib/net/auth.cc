#include "net/auth.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/random.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/io.h"
#include "base/message.h"
#include "base/text.h"
#include "net/addresses.h"

namespace kvm {

namespace {

constexpr int kFreeFailures = 4;
constexpr std::int64_t kForgetUs = 3'600'000'000;
constexpr std::size_t kMostAddresses = 10'000, kMostJobs = 16;
// A person's own, so that nobody's logins end another's; and all.
constexpr std::size_t kMostOwnSessions = 50, kMostSessions = 1000;

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (::getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count))
    throw Error::from_errno("getrandom");
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += strf("%02x", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace

std::int64_t Throttle::wait_s(const std::string& address, std::int64_t now_us) const {
  const auto found = tries_.find(site_of(address));
  if (found == tries_.end()) return 0;
  const Tries& one = found->second;
  if (one.failures + one.undecided < kFreeFailures) return 0;
  if (one.undecided > 0) return 1;
  const std::int64_t pause_us = std::int64_t{2'000'000}
                                << std::min(one.failures - kFreeFailures, 5);
  return std::max<std::int64_t>(0, (one.last_us + pause_us - now_us + 999'999) / 1'000'000);
}

void Throttle::begins(const std::string& address, std::int64_t now_us) {
  std::erase_if(tries_, [&](const auto& one) { return now_us - one.second.last_us > kForgetUs; });
  if (tries_.size() >= kMostAddresses)
    tries_.erase(std::min_element(tries_.begin(), tries_.end(), [](auto& a, auto& b) {
      return a.second.last_us < b.second.last_us;
    }));
  const auto [place, fresh] = tries_.try_emplace(site_of(address));
  if (fresh) place->second.last_us = now_us;
  ++place->second.undecided;
}

void Throttle::ends(const std::string& address, bool failed, std::int64_t now_us) {
  const auto found = tries_.find(site_of(address));
  if (found == tries_.end()) return;  // forgotten: there are too many others
  Tries& one = found->second;
  one.undecided = std::max(0, one.undecided - 1);
  if (failed) {
    ++one.failures;
    one.last_us = now_us;
  } else if (one.failures + one.undecided == 0) {
    tries_.erase(found);
  }
}

Auth::Auth(Loop& loop, std::string file, std::function<void()> ended, std::int64_t session_s)
    : loop_(loop),
      file_(std::move(file)),
      ended_(std::move(ended)),
      session_us_(session_s * 1'000'000) {
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
  std::erase_if(sessions_, [&](const auto& one) {
    const auto line = [&](const std::vector<Account>& accounts) {
      return std::find_if(accounts.begin(), accounts.end(), [&](const Account& account) {
        return account.name == one.second.user.name;
      });
    };
    const auto old = line(before), now = line(accounts_);
    return old == before.end() || now == accounts_.end() || *old != *now;
  });
  ended_();
}

bool Auth::holds(const User& user) const {
  if (!required()) return true;
  const auto found = sessions_.find(user.session);
  return found != sessions_.end() && monotonic_us() <= found->second.until_us;
}

std::optional<User> Auth::find(const std::string& key) {
  const auto found = sessions_.find(key);
  if (found == sessions_.end()) return std::nullopt;
  const std::int64_t now = monotonic_us();
  if (now > found->second.until_us) {
    sessions_.erase(found);
    return std::nullopt;
  }
  found->second.until_us = now + session_us_;
  return found->second.user;
}

std::optional<User> Auth::session(const std::string& token) {
  return find(token);
}

// Stands for a name and password without holding them: so that Basic does not cost a crypt(3) a
// request.
std::string Auth::mark(const std::string& name, const std::string& password) const {
  const std::string text = std::to_string(name.size()) + ":" + name + password;
  unsigned char digest[32];
  gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret_.data(), secret_.size(), text.data(), text.size(),
                   digest);
  return "basic " + hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

std::optional<User> Auth::remembered(const std::string& name, const std::string& password,
                                     const std::string& address) {
  if (throttle_.wait_s(address, monotonic_us()) > 0) return std::nullopt;
  return find(mark(name, password));
}

// A name that nobody has takes as long as somebody's: always the same one's, as hashes take from
// milliseconds to seconds, and a name that took now this, now that would be known for unknown.
const Account& Auth::stand_in(const std::string& name) const {
  return accounts_[std::hash<std::string>{}(mark(name, "")) % accounts_.size()];
}

void Auth::check(const std::string& name, const std::string& password, const std::string& address,
                 Done done) {
  const auto found = std::find_if(accounts_.begin(), accounts_.end(),
                                  [&](const Account& account) { return account.name == name; });
  const bool known = found != accounts_.end();
  const Account account = known ? *found : stand_in(name);
  const std::string marked = mark(name, password);
  const std::string question = marked + " " + account.hash + " " + address;
  if (const auto asked = asking_.find(question); asked != asking_.end())
    return asked->second.push_back(std::move(done));
  if (const std::int64_t wait = throttle_.wait_s(address, monotonic_us()); wait > 0) {
    ++counts_.throttled;
    return done({Verdict::kWait, {}, wait});
  }
  const auto finish = [this, known, account, address, marked, question](bool fits) {
    // The file may have been read again meanwhile.
    const bool holds = std::find(accounts_.begin(), accounts_.end(), account) != accounts_.end();
    const bool right = known && fits && holds;
    throttle_.ends(address, !right, monotonic_us());
    if (right) {
      ++counts_.logins;
      return decided(question, {Verdict::kYes, begin(marked, {account.name, account.role}), 0});
    }
    ++counts_.failures;
    say("login failed from " + address);
    decided(question, {Verdict::kNo, {}, 0});
  };
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() < kMostJobs) {
      throttle_.begins(address, monotonic_us());
      asking_[question].push_back(std::move(done));
      jobs_.push_back({password, account.hash, finish});
      wake_.notify_one();
      return;
    }
  }
  ++counts_.throttled;
  done({Verdict::kWait, {}, 1});
}

void Auth::decided(const std::string& question, const Checked& answer) {
  const auto asked = asking_.extract(question);
  for (const Done& done : asked.mapped()) done(answer);
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

// Keeps the table small, with one more of `name`: who is over, then who has been silent longest.
void Auth::forget_old(const std::string& name) {
  const std::int64_t now = monotonic_us();
  std::erase_if(sessions_, [&](const auto& one) { return now > one.second.until_us; });
  const auto make_room = [&](std::size_t most, auto&& counts) {
    std::size_t count = 0;
    auto oldest = sessions_.end();
    for (auto one = sessions_.begin(); one != sessions_.end(); ++one) {
      if (!counts(one->second)) continue;
      ++count;
      if (oldest == sessions_.end() || one->second.until_us < oldest->second.until_us) oldest = one;
    }
    if (count >= most) sessions_.erase(oldest);
  };
  make_room(kMostOwnSessions, [&](const Session& one) { return one.user.name == name; });
  make_room(kMostSessions, [](const Session&) { return true; });
}

const User& Auth::begin(const std::string& key, const User& user) {
  forget_old(user.name);
  const auto place = sessions_.insert_or_assign(
      key, Session{{user.name, user.role, key}, monotonic_us() + session_us_});
  return place.first->second.user;
}

std::string Auth::open(const User& user) {
  return begin(hex(random_bytes(32)), user).session;
}

void Auth::close(const std::string& token) {
  sessions_.erase(token);
  ended_();
}

}  // namespace kvm
