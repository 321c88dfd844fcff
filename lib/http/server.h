// The whole server: frames from stdin to viewers, actions from viewers to stdout.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace kvm {

// What error messages say of the tool's own options; each may be empty.
struct ServerWords {
  std::string listen;     // before an address that cannot be listened on: "-l "
  std::string host;       // hint: how to allow a host name
  std::string passwords;  // hint: how to serve an address that other machines reach
  std::string tls;        // hint: how to encrypt
};

struct ServerOptions {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  // not used where systemd passes sockets
  unsigned unix_mode = 0660;
  std::string title;

  std::string passwords;
  bool no_auth_on_purpose = false;
  std::vector<std::string> allow_hosts;
  std::string allow_origin;
  std::string tls_cert, tls_key;
  bool trust_proxy = false;

  bool shared_control = false;
  bool idle = false;
  std::string status;
  double stall_timeout_s = 10;
  int max_connections = 500, max_per_address = 50;

  ServerWords words;
};

// Runs until the input ends or a stop signal comes; SIGHUP reads certificate and passwords again.
// Throws Error.
Exit serve(const ServerOptions& options);

}  // namespace kvm
