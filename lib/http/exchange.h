// The requests under way. Translates between libmicrohttpd's callbacks and Request and Reply.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_set>

#include "base/loop.h"
#include "http/reply.h"
#include "hub/metrics.h"
#include "net/password_file.h"
#include "net/quota.h"
#include "net/visitors.h"

struct MHD_Connection;

namespace kvm {

class Exchanges {
 public:
  using Enter = std::function<void(const ReplyPtr&, const User&)>;
  struct Calls {
    std::function<void(const ReplyPtr&)> route;
    // Called before the body is read, if it may be larger than a login form. Either calls `enter`,
    // now or later, with the user who may send such a body, or answers the request.
    std::function<void(const ReplyPtr&, const Enter& enter)> admit;
  };

  // Bodies count against `quota`. `trust_proxy`: believe X-Forwarded-For and -Proto of local peers.
  Exchanges(Loop& loop, Metrics& metrics, Visitors& visitors, Quota& quota, bool trust_proxy,
            Calls calls);
  ~Exchanges();

  // Implements MHD_AccessHandlerCallback. If it returns false, the library closes the connection.
  // The connection's socket context must be its Visitor; `context` belongs to this class.
  bool handle(MHD_Connection* connection, const char* url, const char* method, const char* version,
              const char* data, std::size_t* size, void** context);
  // Implements MHD_RequestCompletedCallback.
  void completed(void** context) noexcept;

  // Whether a request was resumed since the last take_resumed(). If so, the library must run.
  bool resumed() const noexcept;
  bool take_resumed() noexcept;
  // Answers all deferred requests with 503.
  void end_waiting();

 private:
  class Exchange;
  struct Shared;

  Metrics& metrics_;
  bool trust_proxy_;
  std::shared_ptr<Shared> shared_;
  std::unordered_set<std::shared_ptr<Exchange>> open_;  // until completed()
};

}  // namespace kvm
