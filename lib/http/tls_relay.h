// The plain end of a TLS connection: what is written to a socket goes out encrypted, and what comes
// in can be read from it.
#pragma once

#include <gnutls/gnutls.h>

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/loop.h"

namespace kvm {

// The library has a relay of its own for upgraded connections, but as Debian 12 has it (0.9.75),
// it moves four bytes at a time.
class TlsRelay {
 public:
  // Borrows a session whose handshake is done, and its non-blocking socket `fd`. Sends `head`
  // first.
  TlsRelay(Loop& loop, gnutls_session_t session, int fd, std::string head);
  ~TlsRelay();
  TlsRelay(const TlsRelay&) = delete;
  TlsRelay& operator=(const TlsRelay&) = delete;

  // The plain end, non-blocking; it is at its end when the client is gone. Valid until
  // destruction.
  int plain() const noexcept { return plain_.get(); }

  // Sends what was written to plain(), as far as the client takes it at once, and ends the session.
  void finish() noexcept;

 private:
  void ready();
  bool send();
  bool receive();
  void end() noexcept;
  void watch();

  Loop& loop_;
  gnutls_session_t session_;
  int fd_;
  Fd plain_, inner_;      // two ends of one connection
  std::string out_, in_;  // on their way to the client, and from it
  bool blocked_ = false;  // the client's socket takes no more
  bool ended_ = false;
};

}  // namespace kvm
