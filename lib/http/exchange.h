// The requests under way: libmicrohttpd's callbacks on one side, Request and Reply on the other.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_set>

#include "http/reply.h"
#include "hub/metrics.h"
#include "net/visitors.h"

struct MHD_Connection;

namespace kvm {

class Exchanges {
 public:
  struct Calls {
    std::function<void(const ReplyPtr&)> route;
    // Whether the header proves who the sender is. The bodies of all other senders share little
    // memory.
    std::function<bool(const Request&)> knows;
  };

  // `trust_proxy`: believe X-Forwarded-For and -Proto of local peers.
  Exchanges(Metrics& metrics, Visitors& visitors, bool trust_proxy, Calls calls);
  ~Exchanges();

  // MHD_AccessHandlerCallback; false: the library closes the connection. The connection's socket
  // context is its Visitor; `context` belongs to this class.
  bool handle(MHD_Connection* connection, const char* url, const char* method, const char* version,
              const char* data, std::size_t* size, void** context);
  // MHD_RequestCompletedCallback.
  void completed(void** context) noexcept;

  // Whether a request was resumed since the last take_resumed(): the library has work to do.
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
