// The handle by which a route answers a request, at once or later.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/io.h"
#include "http/request.h"

namespace kvm {

struct Answer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body = {};
  Fields headers = {};
  // If not empty, these are sent instead of `body`. `owner` keeps the bytes in memory until they
  // are sent; null: they are in static storage.
  Bytes bytes = {};
  std::shared_ptr<const void> owner = nullptr;
};

// {"ok":false,"why":"…"} with Cache-Control: no-store and `headers`.
Answer failure(int status, const std::string& why, Fields headers = {});

// The connection of a WebSocket after the upgrade.
struct Upgraded {
  int fd;             // non-blocking; borrowed until close() is called
  std::string early;  // bytes that arrived together with the request
  std::function<void()> close;
};

// For the loop's thread only. A route may keep the handle for as long as it likes: once the client
// is gone or the answer is sent, its functions have no effect.
class Reply {
 public:
  virtual ~Reply() = default;

  virtual const Request& request() const noexcept = 0;

  // A route calls exactly one of answer(), hand_over(), pour() and upgrade(), at once or after
  // defer(). Calls after the first do nothing.
  virtual void answer(Answer answer) = 0;
  // Says that the route answers later. Nothing is read from the client meanwhile.
  virtual void defer() = 0;
  // Ends a deferral: the library calls `next` as it calls a route, so `next` may do whatever a
  // route may do.
  virtual void go_on(std::function<void()> next) = 0;

  // Lends the plain socket to the route, which writes the whole answer and then calls `done`.
  // Only without TLS, and only while a route or the `next` of go_on() runs.
  using Adopt = std::function<void(int fd, std::function<void()> done)>;
  virtual void hand_over(const Adopt& adopt) = 0;

  // Streams an answer under TLS: `pull` copies the next bytes of the answer and returns their
  // number; 0 if no bytes are ready (the answer then waits for wake()), -1 at the end.
  using Pull = std::function<std::ptrdiff_t(char* into, std::size_t room)>;
  virtual void pour(std::string type, Fields headers, Pull pull) = 0;
  virtual void wake() = 0;
  // Whether `pull` returned 0 and wake() was not called since.
  virtual bool waits() const noexcept = 0;

  // Answers 101 Switching Protocols, and calls `use` with the socket. Only while a route or the
  // `next` of go_on() runs. Bytes that arrive before the answer is sent are lost under TLS; clients
  // must not send any (RFC 6455, 4.1).
  virtual void upgrade(Fields headers, std::function<void(Upgraded)> use) = 0;

  // The sender is a user: until the answer is sent, the connection keeps its place, even if there
  // are too many connections.
  virtual void recognized() = 0;

  // Whether the connection itself is TLS, whatever a proxy says.
  virtual bool encrypted() const noexcept = 0;
  // The connection's socket, borrowed; -1 once it is over().
  virtual int fd() const noexcept = 0;
  // Whether the client is gone or the answer is sent.
  virtual bool over() const noexcept = 0;
  // Whether the client will send no more, even if some of its bytes are still unread. Most such
  // clients are gone, but a client may have closed only its sending side and await its answer.
  virtual bool hung_up() const noexcept = 0;
};

using ReplyPtr = std::shared_ptr<Reply>;

}  // namespace kvm
