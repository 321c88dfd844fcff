// HTTP by libmicrohttpd: accepts, parses, does TLS and sends what is small.
//
// Threads: there is one, the loop's. libmicrohttpd runs inside it (its epoll descriptor is one of
// ours), and so do the streams, the WebSockets, the frames from stdin and the actions to stdout.
// Nothing is locked because nothing is shared. The one helper thread checks passwords (auth.h), for
// that is slow on purpose; it gets a copy of what it needs and posts its result to the loop.
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
  // Takes the listeners. Throws Error when the certificate is of no use.
  HttpFront(Loop& loop, Metrics& metrics, FrontOptions options, std::vector<Listener> listeners,
            Exchange::Calls calls);
  ~HttpFront();

  // The certificate is read again, for connections from now on. Throws Error; the old one stays
  // then.
  void reload();
  // No more connections are accepted; those without an answer under way end.
  void quiesce();
  // Waiting requests are answered 503. Streams and WebSockets must be closed by their owners
  // before.
  void end_waiting() { exchange_.end_waiting(); }

  std::size_t connections() const noexcept { return visitors_.size(); }
  const std::vector<Listener>& listeners() const noexcept { return listeners_; }
  bool tls() const noexcept { return !options_.tls_cert.empty(); }

 private:
  struct Callbacks;
  struct Daemon {
    MHD_Daemon* daemon;
    int epoll;
    bool retired;
  };

  MHD_Daemon* start(const Listener& listener, const std::string& cert, const std::string& key);
  void add(MHD_Daemon* daemon);
  void retire(Daemon& daemon);
  void close_listeners() noexcept;
  std::int64_t run_daemons();
  void cut_late();

  Loop& loop_;
  FrontOptions options_;
  std::vector<Listener> listeners_;
  std::list<Daemon> daemons_;
  Visitors visitors_;
  Exchange exchange_;
  std::string said_;  // the library's last message
  int hurried_ = 0;   // how often in a row it asked to be run at once, and nothing else told why
};

}  // namespace kvm
