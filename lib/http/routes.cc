#include "http/routes.h"

#include <xxhash.h>

#include <algorithm>

#include "base/text.h"
#include "http/body.h"
#include "http/page.h"
#include "keys/target.h"

namespace kvm {

namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kPolicy =
    "default-src 'self'; connect-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const char* type_of(std::string_view name) {
  constexpr std::pair<std::string_view, const char*> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".svg", "image/svg+xml"},
  };
  for (const auto& [ending, type] : kTypes)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

Answer json(const Json& body) {
  return {200, kJson, body.text() + "\n", {{"Cache-Control", "no-store"}}};
}

// A yes or no of a query, in uStreamer's words; nullopt when absent.
std::optional<bool> flag(const Request& request, const char* name) {
  const auto value = request.query(name);
  if (!value) return std::nullopt;
  return value->starts_with('1') || *value == "true" || *value == "yes";
}

Answer wrong_method(const char* allowed) {
  Answer answer = failure(405, "wrong method");
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

// A HEAD request is answered like GET; the library leaves the body out.
std::string_view method_of(const Request& request) {
  return request.method == "HEAD" ? "GET" : std::string_view(request.method);
}

}  // namespace

const Routes::Row Routes::kRows[] = {
    {"/", "GET", Role::kView, &Routes::console},
    {"/stream", "GET", Role::kView, &Routes::stream, true},
    {"/snapshot", "GET", Role::kView, &Routes::snapshot, true},
    {"/state", "GET", Role::kView, &Routes::state, true},
    {"/metrics", "GET", Role::kView, &Routes::metrics},
    {"/ws", "GET", Role::kView, &Routes::websocket},
    {"/actions", "POST", Role::kControl, &Routes::actions},
    {"/check", "POST", Role::kView, &Routes::check},
    {"/layouts", "GET", Role::kView, &Routes::layouts},
    {"/legends", "GET", Role::kView, &Routes::legends},
};

Routes::Routes(Needs needs) : needs_(std::move(needs)), layouts_(needs_.loop) {}

void Routes::route(const ReplyPtr& reply) {
  const std::string& path = reply->request().path;
  if (!needs_.gate.comes_from_us(reply)) return;
  const std::string_view method = method_of(reply->request());
  // The page's files are not secret, and the login form needs them before anybody has logged in.
  if (method == "GET" && path == "/login") return file(reply, "login.html");
  if (method == "GET" && path.starts_with("/page/"))
    return file(reply, std::string_view(path).substr(6));
  if (method == "POST" && path == "/login") return needs_.gate.login(reply);
  if (method == "POST" && path == "/logout") return needs_.gate.logout(reply);
  if (path == "/login") return reply->answer(wrong_method("GET, HEAD, POST"));
  if (path == "/logout") return reply->answer(wrong_method("POST"));
  if (path.starts_with("/page/")) return reply->answer(wrong_method("GET, HEAD"));
  const auto* const row = std::ranges::find(kRows, path, &Row::path);
  const bool shared = row != std::end(kRows) && row->shared && !needs_.sharing.origin.empty();
  if (shared && method == "OPTIONS") return permit(reply);
  const auto enter = [this](const ReplyPtr& asked, const User& user) {
    User sender = user;
    sender.from = asked->request().peer.address;
    if (const Row* const found = find(asked, user)) (this->*found->handler)(asked, sender);
  };
  needs_.gate.identify(reply, enter, shared ? sharing() : Fields{});
}

void Routes::admit(const ReplyPtr& reply, const Gate::Enter& enter) {
  if (!needs_.gate.comes_from_us(reply)) return;
  const std::string& path = reply->request().path;
  if (path == "/login" || path == "/logout" || path.starts_with("/page/"))
    return reply->answer(too_large());
  needs_.gate.identify(reply, [this, enter](const ReplyPtr& asked, const User& user) {
    const Row* const row = find(asked, user);
    if (row && row->method == "POST") return enter(asked, user);
    if (row) asked->answer(failure(413, "this path takes no body"));
  });
}

// The row of a request that this user may send. null: there is no such row, and the request is
// answered.
const Routes::Row* Routes::find(const ReplyPtr& reply, const User& user) const {
  const Row* const row = std::ranges::find(kRows, reply->request().path, &Row::path);
  if (row == std::end(kRows))
    reply->answer(failure(404, "there is no such path"));
  else if (row->method != method_of(reply->request()))
    reply->answer(wrong_method(row->method == "GET" ? "GET, HEAD" : "POST"));
  else if (user.role < row->needed)
    reply->answer(failure(403, "your role is view"));
  else
    return row;
  return nullptr;
}

void Routes::file(const ReplyPtr& reply, std::string_view name) {
  for (const PageFile& page_file : page_files()) {
    if (page_file.name != name) continue;
    const bool packed = has_word(reply->request().header("Accept-Encoding"), "gzip");
    const auto bytes = packed ? page_file.gzip : page_file.bytes;
    const auto hash = XXH3_64bits(bytes.data(), bytes.size());
    const std::string tag = strf("\"%016llx\"", static_cast<unsigned long long>(hash));
    Answer answer;
    answer.headers = {
        {"ETag", tag},
        {"Cache-Control", "no-cache"},
        {"Vary", "Accept-Encoding"},
        {"Content-Security-Policy", kPolicy},
        {"Referrer-Policy", "same-origin"}};  // "no-referrer" would make a form's Origin "null"
    if (packed) answer.headers.emplace_back("Content-Encoding", "gzip");
    answer.type = type_of(name);
    if (names_tag(reply->request().header("If-None-Match"), tag))
      answer.status = 304;
    else
      answer.bytes = bytes;
    return reply->answer(std::move(answer));
  }
  reply->answer(failure(404, "there is no such path"));
}

// Also serves the old addresses of mjpg-streamer and uStreamer: /?action=stream.
void Routes::console(const ReplyPtr& reply, const User& user) {
  const auto action = reply->request().query("action");
  if (action == "stream") return stream(reply, user);
  if (action == "snapshot") return snapshot(reply, user);
  file(reply, "index.html");
}

Fields Routes::sharing() const {
  const auto& [origin, login] = needs_.sharing;
  if (origin.empty()) return {{"Cross-Origin-Resource-Policy", "same-site"}};
  Fields headers = {{"Access-Control-Allow-Origin", origin},
                    {"Vary", "Origin"},
                    {"Cross-Origin-Resource-Policy", "cross-origin"}};
  if (login) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  return headers;
}

// Answers the question that a browser asks before it sends a name and password for another site's
// page (a preflight request, which itself never has them).
void Routes::permit(const ReplyPtr& reply) const {
  Answer answer{204, "", {}, sharing()};
  answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD");
  answer.headers.emplace_back("Access-Control-Allow-Headers", "Authorization");
  answer.headers.emplace_back("Cache-Control", "no-store");
  reply->answer(std::move(answer));
}

// For answers whose bytes come from outside. Whatever a browser takes them for, they run no script
// and have no origin.
Fields Routes::picture_headers() const {
  Fields headers = sharing();
  headers.emplace_back("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  return headers;
}

void Routes::stream(const ReplyPtr& reply, const User& user) {
  const Request& request = reply->request();
  const auto wanted = request.query("fps");
  const auto fps = parse_number<double>(wanted.value_or("0"));
  if (!fps || !(*fps >= 0 && *fps <= 1000))
    return reply->answer(failure(
        400, "fps is a number up to 1000; without it, or with 0, all frames are sent", sharing()));
  if (reply->request().method == "HEAD")
    return reply->answer({200, needs_.streams.type(), {}, {{"Cache-Control", "no-store"}}});
  needs_.streams.add(
      reply, user,
      {*fps, request.query("key").value_or(""), flag(request, "advance_headers").value_or(false),
       flag(request, "dual_final_frames")},
      picture_headers());
}

void Routes::snapshot(const ReplyPtr& reply, const User& user) {
  needs_.snapshots.answer(reply, user, picture_headers());
}

void Routes::state(const ReplyPtr& reply, const User&) {
  Answer answer = json(Json::object({{"ok", true}, {"result", Json::object(needs_.state())}}));
  for (auto& header : sharing()) answer.headers.push_back(std::move(header));
  reply->answer(std::move(answer));
}

void Routes::metrics(const ReplyPtr& reply, const User&) {
  reply->answer({200,
                 "text/plain; version=0.0.4; charset=utf-8",
                 needs_.metrics(),
                 {{"Cache-Control", "no-store"}}});
}

void Routes::websocket(const ReplyPtr& reply, const User& user) {
  const Request& request = reply->request();
  const bool is_upgrade = request.method == "GET" && request.version >= "HTTP/1.1" &&
                          has_word(request.header("Upgrade"), "websocket") &&
                          has_word(request.header("Connection"), "upgrade") &&
                          request.header("Sec-WebSocket-Version") == "13";
  if (!is_upgrade) {
    Answer answer = failure(426, "this path speaks WebSocket only");
    answer.headers.emplace_back("Upgrade", "websocket");
    answer.headers.emplace_back("Sec-WebSocket-Version", "13");
    return reply->answer(std::move(answer));
  }
  const std::string_view key = request.header("Sec-WebSocket-Key");
  if (!is_websocket_key(key))
    return reply->answer(failure(400, "Sec-WebSocket-Key is not 16 bytes in base64"));
  reply->upgrade({{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", websocket_accept(key)}},
                 [this, user](Upgraded connection) {
                   needs_.consoles.adopt(++last_viewer_, user, std::move(connection));
                 });
}

void Routes::actions(const ReplyPtr& reply, const User& user) {
  // Each request counts as a new viewer: when it leaves, the keys that it left pressed are
  // released.
  advance(reply, user,
          std::make_shared<Control::Batch>(Control::Batch{++last_viewer_, reply->request().body}));
}

// Works on the lines of a request for a short time, then lets others have their turn.
void Routes::advance(const ReplyPtr& reply, const User& user,
                     const std::shared_ptr<Control::Batch>& batch) {
  const std::int64_t until_us = needs_.turns.until_us();
  while (!batch->done() && needs_.gate.holds(user)) {
    needs_.control.advance(*batch);
    if (batch->done() || needs_.loop.now_us() < until_us) continue;
    reply->defer();
    return needs_.turns.ask([=, this] { advance(reply, user, batch); });
  }
  needs_.control.leave(batch->viewer);
  if (!batch->done()) return reply->answer(failure(401, "the session has ended"));
  const auto& refused = batch->refused;
  note_actions(*batch, user);
  if (!refused) return reply->answer(json(Json::object({{"ok", true}})));
  const int status = refused->reason == Refused::kLine         ? 400
                     : refused->reason == Refused::kControlled ? 409
                                                               : 503;
  reply->answer(failure(status, refused->why));
}

// Writes how many lines of each kind there were, but nothing of what was to be typed. The words of
// a refused line may be anything, such as a password.
void Routes::note_actions(const Control::Batch& batch, const User& user) {
  Audit::Facts facts;
  if (batch.refused) {
    constexpr const char* kReasons[] = {"bad-line", "other-viewer", "nobody-reads", "busy"};
    facts.emplace_back("refused", kReasons[batch.refused->reason]);
  } else {
    for (const auto& [verb, count] : batch.verbs) facts.emplace_back(verb, std::to_string(count));
  }
  needs_.audit.note("actions", user, facts);
}

// Answers later, if the user is still logged in then.
Layouts::Done Routes::later(const ReplyPtr& reply, const User& user) {
  reply->defer();
  return [this, reply, user](Answer answer) {
    reply->answer(needs_.gate.holds(user) ? std::move(answer)
                                          : failure(401, "the session has ended"));
  };
}

void Routes::check(const ReplyPtr& reply, const User& user) {
  const Request& request = reply->request();
  const KeyboardStatus keyboard = needs_.keyboard().value_or(KeyboardStatus{});
  const std::string known = keyboard.layout.empty() ? "us" : keyboard.layout;
  const std::string layout = request.query("layout").value_or(known);
  layouts_.check(user.name, with_target_of(layout, known), keyboard.typing, request.body,
                 later(reply, user));
}

void Routes::layouts(const ReplyPtr& reply, const User& user) {
  layouts_.list(user.name, later(reply, user));
}

void Routes::legends(const ReplyPtr& reply, const User& user) {
  layouts_.legends(user.name, reply->request().query("layout").value_or("us"), later(reply, user));
}

}  // namespace kvm
