// One HTTP request as the routes see it, and the answer they give.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/newest_frame.h"

struct MHD_Connection;

namespace kvm {

// Who asks.
struct Peer {
  std::string address;  // "192.0.2.7", "::1"; "unix" for a unix socket
  std::string own;      // ours, that the connection came in on; "" for a unix socket
  bool local = false;   // on this machine
  bool secure = false;  // nobody on the way reads along: TLS, or local
  bool tls = false;     // over TLS, ours or the proxy's
};

struct Answer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  FramePtr image = nullptr;    // the body, instead of `body`
  std::string_view file = {};  // the body, in static storage, instead of `body`
};

// {"ok":false,"why":"…"}, not to be cached; with these headers, too.
Answer failure(int status, const std::string& why,
               std::vector<std::pair<std::string, std::string>> headers = {});

// A WebSocket's connection, upgraded.
struct Upgraded {
  int fd;             // non-blocking; borrowed until close() is called
  std::string early;  // bytes that came with the request
  std::function<void()> close;
};

// Lives until the library is done with it; a shared_ptr may outlive that, and then does nothing.
class Request : public std::enable_shared_from_this<Request> {
 public:
  // Filled by the exchange before the routes see it.
  std::string method, path, version, body;  // "GET", "/state", "HTTP/1.1"
  Peer peer;

  // The first header of that name; empty when there is none (or an empty one).
  std::string_view header(const char* name) const;
  // A parameter of the query string, decoded; nullopt when absent.
  std::optional<std::string> query(const char* name) const;
  // A field of an application/x-www-form-urlencoded body, or a cookie.
  std::optional<std::string> form(std::string_view name) const;
  std::optional<std::string> cookie(const char* name) const;
  // "Basic" credentials: name and password.
  std::optional<std::pair<std::string, std::string>> basic() const;

  // Exactly one of these, now or (after defer()) later in the loop's thread.
  void answer(Answer answer);
  // The route answers later. Nothing is read from the client meanwhile.
  void defer();
  // Ends a deferral: `next` runs where the routes do, and may do all that they may.
  void go_on(std::function<void()> next);
  // The socket is the route's: it writes the whole answer, then calls `done`. Not under TLS.
  using Adopt = std::function<void(int fd, std::function<void()> done)>;
  void hand_over(const Adopt& adopt);
  // Under TLS: `pull` copies the next bytes of the answer, 0 when there are none yet (the request
  // then waits for wake()), and -1 at the end.
  using Pull = std::function<std::ptrdiff_t(char* into, std::size_t room)>;
  void pour(std::string type, std::vector<std::pair<std::string, std::string>> headers, Pull pull);
  void wake();
  // `pull` had nothing, and wake() was not called since.
  bool waits() const noexcept { return suspended_; }
  // 101 Switching Protocols; `use` is called with the socket.
  void upgrade(std::vector<std::pair<std::string, std::string>> headers,
               std::function<void(Upgraded)> use);

  bool encrypted() const noexcept { return encrypted_; }
  // The connection's socket, borrowed; not when it is over().
  int fd() const noexcept;
  // The client is gone, or all was said.
  bool over() const noexcept { return connection_ == nullptr; }
  // The client says no more, read or not: most have gone then, but one may still listen for its
  // answer.
  bool hung_up() const noexcept;

 private:
  friend class Exchange;
  enum class Step { kReading, kRouted, kDeferred, kGoOn, kReady, kHandedOver, kDone };
  void resume();

  MHD_Connection* connection_ = nullptr;
  bool* resumed_ = nullptr;  // the exchange's: the library has something to do
  bool encrypted_ = false, suspended_ = false, too_long_ = false;
  std::size_t strangers_bytes_ = 0;  // of the body, that the exchange counts
  Step step_ = Step::kReading;
  Answer answer_;
  Pull pull_;
  std::function<void()> next_;
  std::function<void(Upgraded)> use_;
};

using RequestPtr = std::shared_ptr<Request>;

// Whether "Keep-Alive, upgrade" has that word in it, in any case.
bool has_word(std::string_view list, std::string_view word);
// Whether an If-None-Match names `tag`, a strong one: alone, in a list, as weak, or as "*".
bool names_tag(std::string_view list, std::string_view tag);

// Decodes "a=1&b=%20+"; nullopt when `name` is not in it. Bad escapes stay as they are.
std::optional<std::string> form_field(std::string_view form, std::string_view name);

}  // namespace kvm
