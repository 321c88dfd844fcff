// The whole server: frames come from stdin and go to viewers, action lines come from viewers and go
// to stdout.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "keys/action.h"

namespace kvm {

// Parts of error messages that name the tool's options; each may be empty.
struct ServerWords {
  std::string listen;      // prefix of an address in an error message: "-l "
  std::string host;        // hint: how to allow a host name
  std::string forwarding;  // hint: how to have a proxy's X-Forwarded-Proto believed
  std::string passwords;   // hint: how to serve an address that other machines can reach
  std::string tls;         // hint: how to encrypt
  ActionHints actions;     // hints for refused action lines
};

struct ServerOptions {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  // unused if systemd passes sockets
  unsigned unix_mode = 0660;                             // access to unix sockets
  std::string title;                                     // the target's name, for the page

  std::string audit;                     // file for the audit trail, besides stderr; empty: none
  std::string passwords;                 // file; empty: no login
  std::string used_codes;                // file for used one-time codes; empty: none
  std::string target;                    // name of the target, for the password file's targets=
  std::string user_header;               // header in which a proxy names the user; empty: none
  std::string proxy_secret;              // file with the proxy's secret; empty: unix sockets only
  bool open_on_purpose = false;          // serve addresses other than loopback even without a login
  std::vector<std::string> allow_hosts;  // host names besides our own
  std::string allow_origin;              // another site whose pages may read pictures and state
  std::string tls_cert, tls_key;         // PEM files; both or neither
  bool trust_proxy = false;              // believe X-Forwarded-For and -Proto of local clients

  bool shared_control = false;
  bool idle = false;   // read no frames while nobody watches
  std::string status;  // FIFO with kvm-type's status lines; empty: none
  double stall_timeout_s = 10;
  int max_connections = 500, max_per_address = 50;

  ServerWords words;
};

// Runs until the input ends or SIGINT or SIGTERM arrives, and returns kDone, or kIo if reading the
// input failed. SIGHUP reads the certificate and the password file again, and opens the audit file
// again. Throws Error.
Exit serve(const ServerOptions& options);

}  // namespace kvm
