#include "net/visitors.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"

namespace kvm {

namespace {

// All that it sent is read, and no more will come.
bool hung_up(int fd) {
  char byte;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

std::string text_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "unix";
  if (address && address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text,
                sizeof text);
  } else if (address && address->sa_family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
      ::inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &v6, text, sizeof text);
  }
  return text;
}

bool is_local(const std::string& address) noexcept {
  return address == "unix" || address == "::1" || address.starts_with("127.");
}

std::string site_of(const std::string& address) {
  in6_addr v6;
  if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
  std::memset(v6.s6_addr + 8, 0, 8);
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(AF_INET6, &v6, text, sizeof text);
}

bool Visitors::admit(const std::string& address) const {
  if (all_.size() >= static_cast<std::size_t>(limits_.connections)) return false;
  const auto found = per_site_.find(site_of(address));
  return found == per_site_.end() || found->second < limits_.per_address;
}

Visitor* Visitors::came(int fd, std::string address) {
  if (!is_local(address)) ++per_site_[site_of(address)];
  all_.push_front({fd, std::move(address), monotonic_us() + limits_.request_us});
  return &all_.front();
}

void Visitors::gone(const Visitor* visitor) {
  const auto place =
      std::find_if(all_.begin(), all_.end(), [&](const Visitor& one) { return &one == visitor; });
  const auto counted = per_site_.find(site_of(place->address));
  if (counted != per_site_.end() && --counted->second == 0) per_site_.erase(counted);
  all_.erase(place);
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
  for (const Visitor& one : all_)
    if (one.deadline_us != 0 && (now > one.deadline_us || hung_up(one.fd)))
      ::shutdown(one.fd, SHUT_RDWR);
}

void Visitors::see_out() noexcept {
  closing_ = true;
  for (const Visitor& one : all_)
    if (one.deadline_us != 0) ::shutdown(one.fd, SHUT_RDWR);
}

}  // namespace kvm
