// Whether a request comes from where it claims: the Host allow-list, the Origin rule, and a proxy's
// headers about the client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace kvm {

// "example.org:8080" → "example.org", "[::1]:80" → "::1"; lower case, without a final dot. "" if
// `host` is malformed: brackets hold an IPv6 address, and only a port may follow the name.
std::string host_name(std::string_view host);

// The address in one entry of X-Forwarded-For, as text_of() writes it; "" if the entry contains no
// address. Proxies write "192.0.2.8", "192.0.2.8:1000", "[2001:db8::1]:99".
std::string forwarded_address(std::string_view entry);

// Sets the client's address, `local` and `tls` from the last entries of X-Forwarded-For and
// X-Forwarded-Proto. The last entry is our own proxy's; the client may have forged all earlier
// ones. The proxy may append its entry to the client's header line or send a header line of its
// own.
void believe_proxy(Peer& peer, const Fields& headers);

// The name of the session's cookie for a Host header: "kvm_session_8443"; "kvm_session" without a
// port. The port is part of the name because browsers send cookies to all ports of a host, where
// another KVM may be.
std::string cookie_name(std::string_view host);

// The names by which this machine may be called: its host name, bare and with .local; localhost
// for clients on this machine; the allowed names; the address of the connection. Any other name may
// belong to an attacker whose DNS points to this machine (DNS rebinding).
class HostList {
 public:
  // `machine`: the host name of this machine; "": unknown.
  explicit HostList(const std::vector<std::string>& allowed, std::string_view machine = "");

  // `own` is the server's address on this connection; "" for a unix socket. An empty Host header
  // is allowed: only HTTP/1.0 clients omit it, and no browser does.
  bool allows(std::string_view host, std::string_view own, bool local) const;

 private:
  std::vector<std::string> names_;
};

// Whether an Origin header names this site: exactly its scheme and the Host header, apart from
// case. Without an Origin header (empty), Sec-Fetch-Site decides: its values "cross-site" and
// "same-site" mean another origin. Programs send neither header.
bool same_origin(std::string_view origin, std::string_view fetch_site, std::string_view host,
                 bool tls);

// In words, how `origin`, which is not this site's, differs from it, and which setting of a proxy
// may be the reason. `forwarding` is the hint how to have X-Forwarded-Proto believed; may be empty.
std::string foreign_origin(std::string_view origin, std::string_view host, bool tls,
                           std::string_view forwarding);

// Whether `text` is written as browsers write an origin: "https://dash.example.org:8443".
bool is_origin(std::string_view text);

}  // namespace kvm
