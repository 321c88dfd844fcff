// Which requests come from where they seem to: the Host allow-list and the Origin rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kvm {

// "example.org:8080" → "example.org", "[::1]:80" → "::1"; lower case, without a final dot.
std::string host_name(std::string_view host);

// The address in one word of X-Forwarded-For, as text_of() gives it: proxies write "192.0.2.8",
// "192.0.2.8:1000", "[2001:db8::1]:99". "" for what is none.
std::string forwarded_address(std::string_view word);

// What the session's cookie is called, by the Host that the browser asked for: browsers send
// cookies to all ports of a host, where another KVM may be. "kvm_session_8443"; "kvm_session"
// without a port.
std::string cookie_name(std::string_view host);

// Names by which this machine may be called: its host name, that with .local, localhost for those
// on this machine, and --allow-host. A name that somebody else's DNS leads to us is none of them
// (DNS rebinding).
class HostList {
 public:
  explicit HostList(const std::vector<std::string>& allowed);

  // `own` is the address that the connection came in on; "" for a unix socket. An empty Host header
  // (HTTP/1.0, no browser) is fine.
  bool allows(std::string_view host, std::string_view own, bool local) const;

 private:
  std::vector<std::string> names_;
};

// An Origin header, when one is sent, must name this very site: scheme and Host, to the letter.
bool same_origin(std::string_view origin, std::string_view host, bool tls);

}  // namespace kvm
