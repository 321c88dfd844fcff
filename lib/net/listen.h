// The sockets that the server listens on: ADDR:PORT, unix:PATH, or sockets that systemd passes.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"

namespace kvm {

struct Listener {
  Fd fd;             // listening, non-blocking
  std::string name;  // for messages: "127.0.0.1:8080", "[::1]:8080", "unix:/run/x"
  bool local;        // loopback or unix: no other machine can reach it
  bool unix_socket;
  std::string path;  // of a unix socket that open_listeners() made; unlink it on close
};

struct ListenOptions {
  // "127.0.0.1:8080", "[::1]:8080", "localhost:0", "unix:/run/kvm/http". A host name may have
  // several addresses. "[::]:8080" includes all of IPv4, unless "0.0.0.0:8080" is in the list, too.
  std::vector<std::string> addresses;
  unsigned unix_mode = 0660;  // access to the unix sockets
  std::string label = {};     // error messages put it before an IP address: "-l "
};

// Throws Error: kUsage for a malformed address, kUnavailable for an unknown host or an address in
// use.
std::vector<Listener> open_listeners(const ListenOptions& options);

// The sockets that systemd passes by LISTEN_FDS (sd_listen_fds(3)); empty if it passes none. Throws
// Error if a descriptor is not a listening socket.
std::vector<Listener> inherited_listeners();

}  // namespace kvm
