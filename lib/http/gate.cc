#include "http/gate.h"

#include "base/text.h"

namespace kvm {

namespace {

// Longer than any session: that it is over is the server's word alone. Browsers allow no more.
constexpr std::int64_t kCookieS = 400 * 86'400;

Answer redirect(const std::string& to) {
  return {303, "", {}, {{"Location", to}, {"Cache-Control", "no-store"}}};
}

std::string cookie(const Request& request, const std::string& token, std::int64_t seconds) {
  return strf("%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
              cookie_name(request.header("Host")).c_str(), token.c_str(),
              static_cast<long long>(seconds), request.peer.tls ? "; Secure" : "");
}

std::optional<std::string> token_of(const Request& request) {
  return request.cookie(cookie_name(request.header("Host")).c_str());
}

Answer too_many(std::int64_t wait_s) {
  Answer answer =
      failure(429, strf("too many failed logins: wait %lld s", static_cast<long long>(wait_s)));
  answer.headers.emplace_back("Retry-After", std::to_string(wait_s));
  return answer;
}

}  // namespace

bool Gate::comes_from_us(const RequestPtr& request) {
  const std::string_view host = request->header("Host");
  const Peer& peer = request->peer;
  if (!hosts_.allows(host, peer.own, peer.local)) {
    ++metrics_.forbidden;
    request->answer(failure(421, "this server is not called '" + printable(host_name(host)) +
                                     "' (start it with --allow-host NAME if it is)"));
    return false;
  }
  const bool acts = request->method == "POST" || request->path == "/ws";
  if (acts && !same_origin(request->header("Origin"), host, peer.tls)) {
    ++metrics_.forbidden;
    request->answer(failure(403, "the request comes from another site"));
    return false;
  }
  return true;
}

bool Gate::knows(const Request& request) {
  if (!auth_.required()) return true;
  if (const auto token = token_of(request); token && auth_.session(*token)) return true;
  const auto basic = request.basic();
  return basic && auth_.remembered(basic->first, basic->second, request.peer.address).has_value();
}

void Gate::identify(const RequestPtr& request, const Enter& enter) {
  if (!auth_.required()) return enter(request, User{});
  if (const auto token = token_of(*request))
    if (const auto user = auth_.session(*token)) return enter(request, *user);
  const auto basic = request->basic();
  if (!basic) return refuse(request);
  if (!request->peer.secure)
    return request->answer(
        failure(403, "Basic authentication is for TLS or this machine only: POST to /login"));
  const std::string& address = request->peer.address;
  if (const auto user = auth_.remembered(basic->first, basic->second, address))
    return enter(request, *user);
  request->defer();
  auth_.check(basic->first, basic->second, address,
              [this, request, enter](const Auth::Checked& checked) {
                if (checked.verdict == Auth::Verdict::kYes)
                  return request->go_on([=] { enter(request, checked.user); });
                if (checked.verdict == Auth::Verdict::kWait)
                  return request->answer(too_many(checked.wait_s));
                refuse(request);
              });
}

// A person gets the form, a program 401. Browsers are not told of Basic: they would ask in a window
// of their own, and never forget.
void Gate::refuse(const RequestPtr& request) {
  const bool page = request->path == "/" && request->method == "GET" && !request->query("action") &&
                    request->header("Accept").find("text/html") != std::string_view::npos;
  if (page) return request->answer(redirect(token_of(*request) ? "/login?ended" : "/login"));
  Answer answer = failure(401, "log in first");
  if (request->peer.secure && request->header("Sec-Fetch-Mode").empty())
    answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"kvm\", charset=\"UTF-8\"");
  request->answer(std::move(answer));
}

void Gate::login(const RequestPtr& request) {
  if (!auth_.required()) return request->answer(redirect("/"));
  const auto name = request->form("name"), password = request->form("password");
  if (!name || !password) return request->answer(failure(400, "name and password are needed"));
  request->defer();
  auth_.check(
      *name, *password, request->peer.address, [this, request](const Auth::Checked& checked) {
        // A program reads the answer, a person the form.
        const bool person = request->header("Accept").find("text/html") != std::string_view::npos;
        if (checked.verdict == Auth::Verdict::kWait)
          return request->answer(person ? redirect("/login?wait") : too_many(checked.wait_s));
        if (checked.verdict == Auth::Verdict::kNo)
          return request->answer(person ? redirect("/login?failed")
                                        : failure(401, "name or password is wrong"));
        Answer answer = redirect("/");
        answer.headers.emplace_back("Set-Cookie",
                                    cookie(*request, auth_.open(checked.user), kCookieS));
        request->answer(std::move(answer));
      });
}

void Gate::logout(const RequestPtr& request) {
  if (const auto token = token_of(*request)) auth_.close(*token);
  Answer answer = redirect("/login");
  answer.headers.emplace_back("Set-Cookie", cookie(*request, "", 0));
  request->answer(std::move(answer));
}

}  // namespace kvm
