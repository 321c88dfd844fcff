// The way of a request through libmicrohttpd: its callbacks on one side, Request on the other.
#pragma once

#include <functional>
#include <unordered_set>

#include "http/request.h"
#include "hub/metrics.h"
#include "net/visitors.h"

struct MHD_Connection;

namespace kvm {

class Exchange {
 public:
  struct Calls {
    std::function<void(const RequestPtr&)> route;
    // Whether the sender is known already, by what the header says: only then much is kept of it.
    std::function<bool(const Request&)> knows;
  };

  // `trust_proxy`: believe X-Forwarded-For and -Proto of local peers.
  Exchange(Metrics& metrics, Visitors& visitors, bool trust_proxy, Calls calls)
      : metrics_(metrics),
        visitors_(visitors),
        trust_proxy_(trust_proxy),
        calls_(std::move(calls)) {}

  // MHD_AccessHandlerCallback and MHD_RequestCompletedCallback; a connection's socket context is
  // its Visitor, the request's is a RequestPtr.
  int handle(MHD_Connection* connection, const char* url, const char* method, const char* version,
             const char* data, std::size_t* size, void** context);
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
  void take_in(Request& request, std::string_view data);
  bool has_room(Request& request, std::size_t bytes);
  void drop_body(Request& request) noexcept;
  Peer peer_of(MHD_Connection* connection) const;

  Metrics& metrics_;
  Visitors& visitors_;
  bool trust_proxy_;
  Calls calls_;
  std::unordered_set<Request*> suspended_;
  std::size_t strangers_bytes_ = 0;  // of bodies, beyond what each may have
  bool resumed_ = false;
};

}  // namespace kvm
