#include "http/tls_relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "base/error.h"

namespace kvm {

namespace {

constexpr std::size_t kRecord = 16 << 10;  // bytes of the largest TLS record
constexpr int kInner = 64 << 10;           // bytes that may wait between the two ends
constexpr int kRounds = 4;                 // in a row, before others have their turn

bool is_temporary(ssize_t result) noexcept {
  return result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED;
}

}  // namespace

TlsRelay::TlsRelay(Loop& loop, gnutls_session_t session, int fd, std::string head)
    : loop_(loop), session_(session), fd_(fd), out_(std::move(head)) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
    throw Error::from_errno("socketpair");
  plain_ = Fd(ends[0]);
  inner_ = Fd(ends[1]);
  ::setsockopt(plain_.get(), SOL_SOCKET, SO_SNDBUF, &kInner, sizeof kInner);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  loop_.watch(fd_, 0, [this](std::uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end();
    ready();
  });
  loop_.watch(inner_.get(), 0, [this](std::uint32_t) { ready(); });
  ready();
}

TlsRelay::~TlsRelay() {
  end();
}

// Moves bytes in both directions, for a short time.
void TlsRelay::ready() {
  blocked_ = false;
  for (int i = 0; i < kRounds && !ended_; ++i) {
    const bool sent = send(), received = receive();
    if (!sent && !received) break;
  }
  watch();
}

// Moves one record to the client. False: there is nothing to move, or no room for it.
bool TlsRelay::send() {
  if (ended_ || blocked_) return false;
  if (out_.empty()) {
    out_.resize(kRecord);
    const ssize_t n = ::recv(inner_.get(), out_.data(), out_.size(), 0);
    out_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (out_.empty()) return false;
  }
  // After GNUTLS_E_AGAIN, GnuTLS wants the same bytes once more.
  const ssize_t n = ::gnutls_record_send(session_, out_.data(), out_.size());
  if (n >= 0)
    out_.erase(0, static_cast<std::size_t>(n));
  else if (is_temporary(n))
    blocked_ = true;
  else
    end();
  return n > 0;
}

// Moves one record from the client.
bool TlsRelay::receive() {
  if (ended_) return false;
  bool moved = false;
  if (in_.empty()) {
    in_.resize(kRecord);
    const ssize_t n = ::gnutls_record_recv(session_, in_.data(), in_.size());
    in_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (n == 0 || (n < 0 && !is_temporary(n))) end();  // a renegotiation, too, ends it
    if (in_.empty()) return false;
    moved = true;
  }
  const ssize_t n = ::send(inner_.get(), in_.data(), in_.size(), MSG_NOSIGNAL);
  if (n > 0) in_.erase(0, static_cast<std::size_t>(n));
  return moved || n > 0;
}

void TlsRelay::watch() {
  if (ended_) return;
  // Bytes that GnuTLS has read already do not make the socket readable.
  const bool held = in_.empty() && ::gnutls_record_check_pending(session_) > 0;
  const std::uint32_t writable = EPOLLOUT, readable = EPOLLIN;
  loop_.change(fd_, (in_.empty() ? readable : 0) | (out_.empty() && !held ? 0 : writable));
  loop_.change(inner_.get(), (out_.empty() ? readable : 0) | (in_.empty() ? 0 : writable));
}

void TlsRelay::end() noexcept {
  if (std::exchange(ended_, true)) return;
  loop_.forget(fd_);
  loop_.forget(inner_.get());
  ::shutdown(inner_.get(), SHUT_RDWR);
}

void TlsRelay::finish() noexcept {
  if (ended_) return;
  blocked_ = false;
  while (send()) {
  }
  if (!ended_ && out_.empty()) ::gnutls_bye(session_, GNUTLS_SHUT_WR);
  end();
}

}  // namespace kvm
