// The way of a request through libmicrohttpd: its callbacks on one side, Request on the other.
#pragma once

#include <functional>
#include <unordered_set>

#include "service/metrics.h"
#include "service/request.h"
#include "service/visitors.h"

struct MHD_Connection;

namespace kvm {

class Exchange {
 public:
  using Route = std::function<void(const RequestPtr&)>;

  // `trust_proxy`: believe X-Forwarded-For and -Proto of local peers.
  Exchange(Metrics& metrics, Visitors& visitors, bool trust_proxy, Route route)
      : metrics_(metrics),
        visitors_(visitors),
        trust_proxy_(trust_proxy),
        route_(std::move(route)) {}

  // MHD_AccessHandlerCallback and MHD_RequestCompletedCallback; a connection's socket context is
  // its Visitor, the request's is a RequestPtr.
  int handle(MHD_Connection* connection, const char* url, const char* method, const char* data,
             std::size_t* size, void** context);
  void completed(MHD_Connection* connection, void** context) noexcept;

  // Whether a request was resumed since the last call: the library has something to do.
  bool take_resumed() noexcept { return std::exchange(resumed_, false); }
  bool resumed() const noexcept { return resumed_; }
  // Requests that wait for something are answered 503.
  void end_waiting();

 private:
  struct Callbacks;
  int step(const RequestPtr& request);
  int send(Request& request);
  Peer peer_of(MHD_Connection* connection) const;

  Metrics& metrics_;
  Visitors& visitors_;
  bool trust_proxy_;
  Route route_;
  std::unordered_set<Request*> suspended_;
  bool resumed_ = false;
};

}  // namespace kvm
