#include "http/gate.h"

#include <gnutls/gnutls.h>
#include <limits.h>
#include <unistd.h>

#include <utility>

#include "base/message.h"
#include "base/text.h"
#include "net/addresses.h"

namespace kvm {

namespace {

// The longest time that browsers allow, and longer than any session: only the server decides when
// a session is over.
constexpr std::int64_t kCookieS = 400 * 86'400;

constexpr const char* kSecretHeader = "X-Kvm-Proxy-Secret";

// Takes the same time wherever the first difference is.
bool is_same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && gnutls_memcmp(a.data(), b.data(), a.size()) == 0;
}

// "" if the machine has no name.
std::string machine_name() {
  char name[HOST_NAME_MAX + 1] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

// `to` is relative to the request's path, because a proxy may put the server under another path.
Answer redirect(const std::string& to) {
  return {303, "", {}, {{"Location", to}, {"Cache-Control", "no-store"}}};
}

// Without a Path, the cookie is for the folder of /login, whatever path a proxy puts before it (RFC
// 6265, 5.1.4).
std::string cookie(const Request& request, const std::string& token, std::int64_t seconds) {
  return strf("%s=%s; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
              cookie_name(request.header("Host")).c_str(), token.c_str(),
              static_cast<long long>(seconds), request.peer.tls ? "; Secure" : "");
}

std::optional<std::string> token_of(const Request& request) {
  return request.cookie(cookie_name(request.header("Host")));
}

// The token in "Authorization: Bearer TOKEN" (RFC 6750, 2.1).
std::optional<std::string_view> bearer(const Request& request) {
  const auto parts = words(request.header("Authorization"));
  if (parts.size() != 2 || !same_word(parts[0], "Bearer")) return std::nullopt;
  return parts[1];
}

bool wants_html(const Request& request) {
  return request.header("Accept").find("text/html") != std::string_view::npos;
}

Answer too_many(std::int64_t wait_s, Fields headers = {}) {
  headers.emplace_back("Retry-After", std::to_string(wait_s));
  return failure(429, strf("too many failed logins: wait %lld s", static_cast<long long>(wait_s)),
                 std::move(headers));
}

// The answer to a login form. A person is redirected to the next page; a program gets a status that
// it can test.
Answer logged_in(const Reply& reply, const Auth::Checked& checked) {
  const bool person = wants_html(reply.request());
  if (checked.verdict == Auth::Verdict::kWait)
    return person ? redirect("login?wait") : too_many(checked.wait_s);
  if (checked.verdict == Auth::Verdict::kNo)
    return person ? redirect("login?failed") : failure(401, "name, password or code is wrong");
  Answer answer = redirect("./");
  answer.headers.emplace_back("Set-Cookie", cookie(reply.request(), checked.token, kCookieS));
  return answer;
}

}  // namespace

Gate::Gate(Auth& auth, Metrics& metrics, const std::vector<std::string>& allowed_hosts,
           GateHints hints, ProxyLogin proxy)
    : auth_(auth),
      metrics_(metrics),
      hosts_(allowed_hosts, machine_name()),
      hints_(std::move(hints)),
      proxy_(std::move(proxy)) {}

bool Gate::comes_from_us(const ReplyPtr& reply) {
  const Request& request = reply->request();
  const std::string_view host = request.header("Host");
  const Peer& peer = request.peer;
  const auto forbid = [&](int status, const std::string& why) {
    ++metrics_.forbidden;
    reply->answer(failure(status, why));
    return false;
  };
  if (!hosts_.allows(host, peer.own, peer.local))
    return forbid(421, "this server is not called '" + printable(host_name(host)) + "'" +
                           (hints_.host.empty() ? "" : " (" + hints_.host + ")"));
  const bool acts = request.method == "POST" || request.path == "/ws";
  const std::string_view origin = request.header("Origin");
  const bool empty_origin = origin.empty() && request.count("Origin") > 0;
  if (!acts ||
      (!empty_origin && same_origin(origin, request.header("Sec-Fetch-Site"), host, peer.tls)))
    return true;
  const std::string why = origin.empty()
                              ? "the request comes from another site"
                              : foreign_origin(origin, host, peer.tls, hints_.forwarding);
  if (!std::exchange(told_origin_, true))
    say("refused input from another site: " + why + "; further refusals are only counted");
  return forbid(403, why);
}

void Gate::identify(const ReplyPtr& reply, const Enter& user_enters, const Fields& refusal) {
  const Request& request = reply->request();
  const Enter enter = [user_enters](const ReplyPtr& asked, const User& user) {
    asked->recognized();
    user_enters(asked, user);
  };
  if (!auth_.required()) return enter(reply, User{});
  if (!proxy_.header.empty() && !request.header(proxy_.header).empty())
    return identify_by_proxy(reply, enter, refusal);
  if (const auto token = bearer(request)) return identify_token(reply, *token, enter, refusal);
  if (const auto token = token_of(request))
    if (const auto user = auth_.session(*token)) return enter(reply, *user);
  const auto& basic = request.basic;
  if (!basic) return refuse(reply, refusal);
  if (!request.peer.secure)
    return reply->answer(failure(
        403, "Basic authentication needs TLS or a local client: POST to /login instead", refusal));
  reply->defer();
  // A user with a second factor cannot use Basic, because it sends no code.
  auth_.check(basic->name, basic->password, "", request.peer.address, Auth::Purpose::kRequest,
              [this, reply, enter, refusal](const Auth::Checked& checked) {
                if (checked.verdict == Auth::Verdict::kYes)
                  return reply->go_on([=, this, user = checked.user] {
                    auth_.holds(user) ? enter(reply, user) : refuse(reply, refusal);
                  });
                if (checked.verdict == Auth::Verdict::kWait)
                  return reply->answer(too_many(checked.wait_s, refusal));
                refuse(reply, refusal);
              });
}

// The proxy's login goes before any other: a browser may send the proxy's own Basic password along.
void Gate::identify_by_proxy(const ReplyPtr& reply, const Enter& enter, const Fields& refusal) {
  const Request& request = reply->request();
  const auto forbid = [&](int status, const std::string& name, const char* why) {
    ++metrics_.forbidden;
    auth_.note_refused({name, {}, {}, request.peer.via}, why);
    reply->answer(failure(status, why, refusal));
  };
  const std::string name(request.header(proxy_.header));
  if (request.count(proxy_.header) > 1)
    return forbid(400, "", "there is more than one header with the user's name");
  if (!is_our_proxy(request) && request.count(kSecretHeader) > 0)
    if (const auto wait_s = auth_.wrong_proxy_secret(request.peer.via); wait_s > 0)
      return reply->answer(too_many(wait_s, refusal));
  if (!is_our_proxy(request))
    return forbid(403, "", "only the proxy may send the header with the user's name");
  const auto user = auth_.known_to_proxy(name);
  if (!user) return forbid(403, name, "this user is not in the password file");
  enter(reply, *user);
}

// Users of this machine may open the loopback address, but cannot open the proxy's unix socket.
bool Gate::is_our_proxy(const Request& request) const {
  if (request.peer.via == kUnixAddress) return true;
  return is_local(request.peer.via) && !proxy_.secret.empty() &&
         request.count(kSecretHeader) == 1 &&
         is_same_secret(request.header(kSecretHeader), proxy_.secret);
}

void Gate::identify_token(const ReplyPtr& reply, std::string_view token, const Enter& enter,
                          const Fields& refusal) {
  const Peer& peer = reply->request().peer;
  if (!peer.secure)
    return reply->answer(failure(403, "a token needs TLS or a local client", refusal));
  const auto checked = auth_.check_token(token, peer.address);
  const auto refuse_token = [&](const char* why) {
    Answer answer = failure(401, why, refusal);
    answer.headers.emplace_back("WWW-Authenticate",
                                "Bearer realm=\"kvm\", error=\"invalid_token\"");
    reply->answer(std::move(answer));
  };
  switch (checked.verdict) {
    case Tokens::Verdict::kYes:
      return enter(reply, checked.user);
    case Tokens::Verdict::kNo:
      return refuse_token("there is no such token");
    case Tokens::Verdict::kExpired:
      return refuse_token("the token has expired");
    case Tokens::Verdict::kWait:
      return reply->answer(too_many(checked.wait_s, refusal));
  }
}

// Redirects a person to the login form, and answers a program with 401. A browser gets no
// WWW-Authenticate header: it would ask for the password in its own dialog, and never forget the
// password.
void Gate::refuse(const ReplyPtr& reply, Fields headers) {
  const Request& request = reply->request();
  const bool page = request.path == "/" && request.method == "GET" && !request.query("action") &&
                    wants_html(request);
  if (page) return reply->answer(redirect(token_of(request) ? "login?ended" : "login"));
  Answer answer = failure(401, "log in first", std::move(headers));
  if (request.peer.secure && request.header("Sec-Fetch-Mode").empty())
    answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"kvm\", charset=\"UTF-8\"");
  reply->answer(std::move(answer));
}

void Gate::login(const ReplyPtr& reply) {
  if (!auth_.required()) return reply->answer(redirect("./"));
  const Request& request = reply->request();
  const auto name = request.form("name"), password = request.form("password");
  if (!name || !password) return reply->answer(failure(400, "name and password are needed"));
  reply->defer();
  auth_.check(*name, *password, request.form("code").value_or(""), request.peer.address,
              Auth::Purpose::kSession,
              [reply](const Auth::Checked& checked) { reply->answer(logged_in(*reply, checked)); });
}

void Gate::logout(const ReplyPtr& reply) {
  const Request& request = reply->request();
  if (const auto token = token_of(request)) auth_.close(*token, request.peer.address);
  Answer answer = redirect("login");
  answer.headers.emplace_back("Set-Cookie", cookie(request, "", 0));
  reply->answer(std::move(answer));
}

}  // namespace kvm
