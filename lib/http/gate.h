// The door: what every request must pass before a route sees it, and the way to log in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/origin.h"
#include "http/request.h"
#include "hub/metrics.h"
#include "net/auth.h"

namespace kvm {

class Gate {
 public:
  using Enter = std::function<void(const RequestPtr&, const User&)>;

  Gate(Auth& auth, Metrics& metrics, const std::vector<std::string>& allowed_hosts)
      : auth_(auth), metrics_(metrics), hosts_(allowed_hosts) {}

  // Host and Origin; false: answered.
  bool comes_from_us(const RequestPtr& request);
  // Whether identify() would let the request in without checking a password.
  bool knows(const Request& request);
  // Calls `enter` for who is logged in, now or when the password is checked; answers the others.
  void identify(const RequestPtr& request, const Enter& enter);
  // POST /login and /logout, from the form.
  void login(const RequestPtr& request);
  void logout(const RequestPtr& request);

 private:
  void refuse(const RequestPtr& request);

  Auth& auth_;
  Metrics& metrics_;
  HostList hosts_;
};

}  // namespace kvm
