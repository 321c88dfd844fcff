// The HTTP front: libmicrohttpd accepts connections, parses requests, does TLS and sends answers.
//
// The event loop's thread runs libmicrohttpd (the loop watches its epoll descriptor), the streams,
// the WebSockets, the frames from stdin and the actions to stdout, so these need no locks. The only
// other thread checks passwords (net/auth.h), because a check is slow on purpose. That thread gets
// copies of its inputs and posts its result to the loop.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "base/loop.h"
#include "http/exchange.h"
#include "hub/metrics.h"
#include "net/listen.h"
#include "net/visitors.h"

struct MHD_Daemon;

namespace kvm {

struct FrontOptions {
  std::string tls_cert, tls_key;  // PEM files; both empty: plain HTTP
  bool trust_proxy = false;       // believe X-Forwarded-For and -Proto of local peers
  VisitorLimits limits = {};
};

class HttpFront {
 public:
  // Takes ownership of the listeners. Throws Error if the certificate or its key is unusable.
  HttpFront(Loop& loop, Metrics& metrics, Quota& quota, FrontOptions options,
            std::vector<Listener> listeners, Exchanges::Calls calls);
  ~HttpFront();

  // Reads the certificate again, for later connections. Throws Error; the old certificate then
  // stays in force.
  void reload();
  // Accepts no more connections, and closes the connections that have no answer under way.
  void quiesce();
  // Answers the deferred requests with 503. The owners of streams and WebSockets must close them
  // first.
  void end_waiting() { exchanges_.end_waiting(); }

  std::size_t connections() const noexcept { return visitors_.size(); }
  const std::vector<Listener>& listeners() const noexcept { return listeners_; }
  bool tls() const noexcept { return !options_.tls_cert.empty(); }

 private:
  struct Callbacks;
  struct Daemon {
    MHD_Daemon* handle;
    int epoll;
    bool ready;    // has events
    bool retired;  // accepts no connections; stopped once its last one has closed
  };

  MHD_Daemon* start(const Listener& listener, const std::string& cert, const std::string& key);
  void add(MHD_Daemon* daemon);
  void retire(Daemon& daemon);
  void stop(const Daemon& daemon);
  void close_listeners() noexcept;
  std::int64_t run_daemons();
  std::int64_t run(Daemon& daemon, bool resumed);
  void cut_late();

  Loop& loop_;
  FrontOptions options_;
  std::vector<Listener> listeners_;
  std::list<Daemon> daemons_;
  Visitors visitors_;
  Exchanges exchanges_;
  std::string last_log_;  // the library's last log message
  int hurried_ = 0;       // how often in a row the library asked to run at once, without any event
};

}  // namespace kvm
