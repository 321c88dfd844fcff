// The checks that every request passes before a route sees it, and the way to log in and out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/origin.h"
#include "http/reply.h"
#include "hub/metrics.h"
#include "net/auth.h"

namespace kvm {

// Ends of error messages, which name the remedy; each may be empty.
struct GateHints {
  std::string host;        // how to allow a host name
  std::string forwarding;  // how to have a proxy's X-Forwarded-Proto believed
};

// A proxy that asks for the login. It is believed on a unix socket and, with the secret, from this
// machine.
struct ProxyLogin {
  std::string header = {};  // tells which user the proxy has let in; empty: there is no such proxy
  std::string secret = {};
};

class Gate {
 public:
  using Enter = std::function<void(const ReplyPtr&, const User&)>;

  // `allowed_hosts`: host names, besides the machine's own, under which clients may call this
  // server.
  Gate(Auth& auth, Metrics& metrics, const std::vector<std::string>& allowed_hosts, GateHints hints,
       ProxyLogin proxy = {});

  // Checks Host and Origin. false: the request was refused, and is answered.
  bool comes_from_us(const ReplyPtr& reply);
  // Calls `enter` for a user who is logged in, at once or when the password is checked. Answers all
  // other requests itself, with the headers `refusal` added.
  void identify(const ReplyPtr& reply, const Enter& enter, const Fields& refusal = {});
  // Whether the user is still logged in.
  bool holds(const User& user) const { return auth_.holds(user); }
  // POST /login, with the form's name and password, and POST /logout.
  void login(const ReplyPtr& reply);
  void logout(const ReplyPtr& reply);

 private:
  void identify_by_proxy(const ReplyPtr& reply, const Enter& enter, const Fields& refusal);
  bool is_our_proxy(const Request& request) const;
  void identify_token(const ReplyPtr& reply, std::string_view token, const Enter& enter,
                      const Fields& refusal);
  void refuse(const ReplyPtr& reply, Fields headers);

  Auth& auth_;
  Metrics& metrics_;
  HostList hosts_;
  GateHints hints_;
  ProxyLogin proxy_;
  bool told_origin_ = false;
};

}  // namespace kvm
