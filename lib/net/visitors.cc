#include "net/visitors.h"

#include <sys/socket.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "net/addresses.h"

namespace kvm {

namespace {

constexpr int kForLocal = 8;  // connections; fewer if the limit is low

// Whether everything that the client sent is read, and no more will come.
bool hung_up(int fd) {
  char byte;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

bool Visitors::admit(const std::string& address) {
  const bool local = is_local(address);
  if (!local && !has_share(site_of(address))) return false;
  return visitors_.size() < static_cast<std::size_t>(limits_.connections + kMostLeaving) &&
         make_room(local, nullptr);
}

bool Visitors::has_share(const std::string& site) const {
  const auto found = per_site_.find(site);
  return found == per_site_.end() || found->second < limits_.per_address;
}

// false: all places are taken by others than `except`, and none of them can be had.
bool Visitors::make_room(bool for_local, const Visitor* except) {
  const int kept = for_local ? 0 : std::min(kForLocal, limits_.connections / 10);
  const std::size_t taken = visitors_.size() - leaving_ - (except ? 1 : 0);
  if (taken < static_cast<std::size_t>(limits_.connections - kept)) return true;
  Visitor* const other = expendable(for_local, except);
  if (!other) return false;
  shut(*other);
  return true;
}

// When there are too many connections, this one is shut down; null: none may be. (New ones are at
// the front of visitors_, so of several alike the last is the oldest.)
Visitor* Visitors::expendable(bool for_local, const Visitor* except) {
  Visitor* best = nullptr;
  std::tuple<bool, bool, int> least;
  for (Visitor& visitor : visitors_) {
    const bool local = visitor.site.empty();
    if (visitor.known || visitor.leaving || &visitor == except) continue;
    // Behind a proxy, anybody may have opened the connection of a local peer that has not asked.
    const bool strange = limits_.behind_proxy && local && visitor.deadline_us != 0;
    if (local && !for_local && !strange) continue;
    // A browser opens six connections, so up to six from one site tell nothing.
    constexpr int kBrowser = 6;
    const auto site = per_site_.find(visitor.site);
    const int crowd = site == per_site_.end() ? 0 : std::max(0, site->second - kBrowser);
    const std::tuple rank(visitor.deadline_us == 0, limits_.behind_proxy ? !local : local, -crowd);
    if (best && rank > least) continue;
    best = &visitor;
    least = rank;
  }
  return best;
}

void Visitors::shut(Visitor& visitor) noexcept {
  ::shutdown(visitor.fd, SHUT_RDWR);
  if (!std::exchange(visitor.leaving, true)) ++leaving_;
}

void Visitors::count(const std::string& site, int change) {
  if (!site.empty() && (per_site_[site] += change) == 0) per_site_.erase(site);
}

Visitor* Visitors::came(int fd, std::string address) {
  std::string site = is_local(address) ? "" : site_of(address);
  count(site, 1);
  visitors_.push_front(
      {fd, std::move(address), monotonic_us() + limits_.request_us, std::move(site)});
  return &visitors_.front();
}

void Visitors::gone(const Visitor* visitor) {
  const auto place =
      std::ranges::find_if(visitors_, [&](const Visitor& other) { return &other == visitor; });
  count(place->site, -1);
  leaving_ -= place->leaving;
  visitors_.erase(place);
}

bool Visitors::attribute(Visitor& visitor, const std::string& address) {
  const std::string site = is_local(address) ? "" : site_of(address);
  if (site == visitor.site) return true;
  count(visitor.site, -1);
  visitor.site.clear();
  if (site.empty()) return true;
  if (!has_share(site) || !make_room(false, &visitor)) return false;
  count(site, 1);
  visitor.site = site;
  return true;
}

void Visitors::progressed(Visitor& visitor, std::size_t bytes) noexcept {
  if (visitor.deadline_us != 0)
    visitor.deadline_us += static_cast<std::int64_t>(bytes) * 1'000'000 / limits_.body_rate;
}

void Visitors::answered(Visitor& visitor) noexcept {
  visitor.deadline_us = monotonic_us() + limits_.idle_us;
  visitor.known = false;
  if (closing_) ::shutdown(visitor.fd, SHUT_RDWR);
}

void Visitors::cut_late() noexcept {
  const std::int64_t now = monotonic_us();
  for (Visitor& visitor : visitors_)
    if (visitor.deadline_us != 0 && (now > visitor.deadline_us || hung_up(visitor.fd)))
      shut(visitor);
}

void Visitors::see_out() noexcept {
  closing_ = true;
  for (const Visitor& visitor : visitors_)
    if (visitor.deadline_us != 0) ::shutdown(visitor.fd, SHUT_RDWR);
}

}  // namespace kvm
