// Whether a request comes from where it claims: the Host allow-list, the Origin rule, the proxy's
// word about the client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace kvm {

// "example.org:8080" → "example.org", "[::1]:80" → "::1"; lower case, without a final dot.
std::string host_name(std::string_view host);

// The address in one word of X-Forwarded-For, as text_of() writes it; "" if the word contains no
// address. Proxies write "192.0.2.8", "192.0.2.8:1000", "[2001:db8::1]:99".
std::string forwarded_address(std::string_view word);

// Takes the client's address, `local` and `tls` from the last word of X-Forwarded-For and
// X-Forwarded-Proto: the last word is our own proxy's. The proxy may have added this word to the
// client's line or as a line of its own; the client may have made up all words before.
void believe_proxy(Peer& peer, const Fields& headers);

// The name of the session's cookie for a Host header: "kvm_session_8443"; "kvm_session" without a
// port. The port is part of the name because browsers send cookies to all ports of a host, where
// another KVM may be.
std::string cookie_name(std::string_view host);

// The names by which this machine may be called: its host name, bare and with .local; localhost
// for clients on this machine; the allowed names; the address of the connection. Any other name may
// be a stranger's whose DNS leads here (DNS rebinding).
class HostList {
 public:
  // `machine`: the host name of this machine; "": unknown.
  explicit HostList(const std::vector<std::string>& allowed, std::string_view machine = "");

  // `own` is the server's address on this connection; "" for a unix socket. An empty Host header
  // is allowed: only HTTP/1.0 clients send none, and no browser does.
  bool allows(std::string_view host, std::string_view own, bool local) const;

 private:
  std::vector<std::string> names_;
};

// Whether an Origin header names this very site: its scheme and the Host, to the letter. An empty
// Origin (the client sent none) is allowed.
bool same_origin(std::string_view origin, std::string_view host, bool tls);

}  // namespace kvm
