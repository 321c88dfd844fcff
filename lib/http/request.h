// One HTTP request as plain data, and the questions that routes ask of its fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvm {

// Names and values, in the order of the message.
using Fields = std::vector<std::pair<std::string, std::string>>;

// The client that sent the request.
struct Peer {
  std::string address;   // "192.0.2.7", "::1"; "unix" for a unix socket
  std::string own;       // the server's address on this connection; "" for a unix socket
  bool local = false;    // the client is on this machine
  bool secure = false;   // nobody on the way can read along: the connection is TLS or local
  bool tls = false;      // TLS, which ends here or at the proxy
  std::string via = {};  // address of the connection itself: of the proxy, if there is one
};

struct Credentials {
  std::string name, password;
};

struct Request {
  std::string method, path, version;  // "GET", "/state" (decoded), "HTTP/1.1"
  Peer peer = {};
  Fields headers = {};
  Fields parameters = {};  // of the query string, decoded; without "=" the value is ""
  Fields cookies = {};
  std::optional<Credentials> basic = {};  // from "Authorization: Basic"
  std::string body = {};                  // emptied when the answer is sent or the client is gone

  // The first field with this name, ignoring case.
  std::string_view header(std::string_view name) const;  // empty when absent
  int count(std::string_view name) const;  // of the fields with this name, ignoring case
  std::optional<std::string> query(std::string_view name) const;
  std::optional<std::string> cookie(std::string_view name) const;
  // A field of an application/x-www-form-urlencoded body.
  std::optional<std::string> form(std::string_view name) const;
};

// Why it is uncertain where this request ends, which host it is for or who sent it; null if all of
// this is certain (RFC 9112, 3.2, 5.1, 6.1 and 6.3). If a header that libmicrohttpd knows is
// repeated, libmicrohttpd uses the first and ignores the others. A proxy in front may choose
// differently; then one of the two reads bytes as a body that the other reads as a request (request
// smuggling).
const char* framing_fault(const Request& request);

// Makes a target in absolute form, "http://host:8080/path", which clients of a proxy send, the path
// and the Host header (RFC 9112, 3.2.2). Leaves other targets alone. false: the target has no host,
// or it has user information.
bool split_absolute_form(Request& request);

// Whether two words are the same, ignoring the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);
// Whether a list like "Keep-Alive, upgrade" contains `word`, ignoring case.
bool has_word(std::string_view list, std::string_view word);
// Whether an If-None-Match header `list` matches the strong tag `tag`: the list contains the tag,
// its weak form, or "*".
bool names_tag(std::string_view list, std::string_view tag);

// The decoded value of `name` in "a=1&b=%20+"; nullopt when absent. Bad escapes stay undecoded.
std::optional<std::string> form_field(std::string_view form, std::string_view name);

}  // namespace kvm
