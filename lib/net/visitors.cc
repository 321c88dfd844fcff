#include "net/visitors.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/clock.h"
#include "net/addresses.h"

namespace kvm {

namespace {

// Whether everything that the client sent is read, and no more will come.
bool hung_up(int fd) {
  char byte;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

bool Visitors::admit(const std::string& address) const {
  if (visitors_.size() >= static_cast<std::size_t>(limits_.connections)) return false;
  const auto found = per_site_.find(site_of(address));
  return found == per_site_.end() || found->second < limits_.per_address;
}

Visitor* Visitors::came(int fd, std::string address) {
  if (!is_local(address)) ++per_site_[site_of(address)];
  visitors_.push_front({fd, std::move(address), monotonic_us() + limits_.request_us});
  return &visitors_.front();
}

void Visitors::gone(const Visitor* visitor) {
  const auto place =
      std::ranges::find_if(visitors_, [&](const Visitor& other) { return &other == visitor; });
  const auto counted = per_site_.find(site_of(place->address));
  if (counted != per_site_.end() && --counted->second == 0) per_site_.erase(counted);
  visitors_.erase(place);
}

void Visitors::progressed(Visitor& visitor, std::size_t bytes) noexcept {
  if (visitor.deadline_us != 0)
    visitor.deadline_us += static_cast<std::int64_t>(bytes) * 1'000'000 / limits_.body_rate;
}

void Visitors::answered(Visitor& visitor) noexcept {
  visitor.deadline_us = monotonic_us() + limits_.idle_us;
  if (closing_) ::shutdown(visitor.fd, SHUT_RDWR);
}

void Visitors::cut_late() noexcept {
  const std::int64_t now = monotonic_us();
  for (const Visitor& visitor : visitors_)
    if (visitor.deadline_us != 0 && (now > visitor.deadline_us || hung_up(visitor.fd)))
      ::shutdown(visitor.fd, SHUT_RDWR);
}

void Visitors::see_out() noexcept {
  closing_ = true;
  for (const Visitor& visitor : visitors_)
    if (visitor.deadline_us != 0) ::shutdown(visitor.fd, SHUT_RDWR);
}

}  // namespace kvm
