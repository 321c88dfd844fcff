// The sockets that the server listens on: ADDR:PORT, unix:PATH, or those systemd hands over.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"

namespace kvm {

struct Listener {
  Fd fd;             // listening, non-blocking
  std::string name;  // for people: "http://127.0.0.1:8080/" without the scheme, "unix:/run/x"
  bool local;        // loopback or unix: nobody on the network reaches it
  bool unix_socket;
  std::string path;  // of a unix socket that we made: unlinked when it closes
};

// "127.0.0.1:8080", "[::1]:8080", "localhost:0", "unix:/run/kvm/http" (access `unix_mode`). A name
// may give several; "[::]:8080" is all of IPv4, too, unless "0.0.0.0:8080" is among them. Throws
// Error: kUsage for a bad address, kUnavailable for one in use.
std::vector<Listener> open_listeners(const std::vector<std::string>& addresses, unsigned unix_mode);

// Those that systemd passes by LISTEN_FDS (sd_listen_fds(3)); empty when there are none.
std::vector<Listener> inherited_listeners();

}  // namespace kvm
