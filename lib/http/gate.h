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

class Gate {
 public:
  using Enter = std::function<void(const ReplyPtr&, const User&)>;

  // `allowed_hosts`: host names, besides the machine's own, under which clients may call this
  // server. `host_hint` ends the error message for any other name: it says how to allow that name.
  Gate(Auth& auth, Metrics& metrics, const std::vector<std::string>& allowed_hosts,
       std::string host_hint);

  // Checks Host and Origin. false: the request was refused, and is answered.
  bool comes_from_us(const ReplyPtr& reply);
  // Whether identify() would let the request in without checking a password.
  bool knows(const Request& request);
  // Calls `enter` for a user who is logged in, at once or when the password is checked. Answers all
  // other requests itself.
  void identify(const ReplyPtr& reply, const Enter& enter);
  // POST /login, with the form's name and password, and POST /logout.
  void login(const ReplyPtr& reply);
  void logout(const ReplyPtr& reply);

 private:
  void refuse(const ReplyPtr& reply);

  Auth& auth_;
  Metrics& metrics_;
  HostList hosts_;
  std::string host_hint_;
};

}  // namespace kvm
