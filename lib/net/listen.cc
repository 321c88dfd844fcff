#include "net/listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

constexpr int kBacklog = 128;
constexpr uid_t kUnmappedUser = 65534;  // in a container: the user of the machine around it
constexpr int kFirstInherited = 3;      // SD_LISTEN_FDS_START

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

// The listener of a bound socket, with the port that the kernel has chosen.
Listener described(Fd fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) < 0)
    throw Error::from_errno("getsockname");
  if (address.ss_family == AF_UNIX) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(address);
    return {std::move(fd), strf("unix:%s", local.sun_path), true, true, ""};
  }
  char host[NI_MAXHOST], port[NI_MAXSERV];
  ::getnameinfo(reinterpret_cast<sockaddr*>(&address), length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
  const bool v6 = address.ss_family == AF_INET6;
  return {std::move(fd), strf(v6 ? "[%s]:%s" : "%s:%s", host, port), is_loopback(address), false,
          ""};
}

Fd open_socket(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw Error::from_errno("socket");
  return fd;
}

// Throws Error if another user could put a socket of his own at `path`, and so get the passwords
// that clients send there: if he may write to a folder on the way to it. In a folder with the
// sticky bit, such as /tmp, nobody can replace another user's files.
void require_own_place(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code missing;
  fs::path folder = fs::canonical(fs::absolute(path).parent_path(), missing);
  if (missing) return;  // bind(2) will say so
  for (;; folder = folder.parent_path()) {
    struct stat status = {};
    if (::stat(folder.c_str(), &status) < 0) throw Error::from_errno("unix:" + path);
    const bool shared =
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
    const bool foreign =
        status.st_uid != 0 && status.st_uid != ::geteuid() && status.st_uid != kUnmappedUser;
    if (shared || foreign)
      throw Error(Exit::kPermission,
                  "unix:" + path +
                      ": other users could replace the socket, because they may write to " +
                      folder.string(),
                  "use a folder that only you may write to");
    if (folder == folder.root_path()) return;
  }
}

Listener open_unix(const std::string& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    throw Error(Exit::kUsage, "unix:" + path + ": the path must have 1 to 107 bytes");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  require_own_place(path);
  Fd fd = open_socket(AF_UNIX);
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  // A socket that nobody listens on is left over from a crash. A socket that answers belongs to
  // another server.
  if (struct stat status = {}; ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
    if (::connect(open_socket(AF_UNIX).get(), name, sizeof address) == 0)
      throw Error::from_errno("unix:" + path, EADDRINUSE, "another server listens on it");
    ::unlink(path.c_str());
  }
  const mode_t before = ::umask(0777 & ~mode);
  const int bound = ::bind(fd.get(), name, sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound < 0) throw Error::from_errno("unix:" + path, error);
  if (::listen(fd.get(), kBacklog) < 0) throw Error::from_errno("unix:" + path);
  Listener listener = described(std::move(fd));
  listener.path = path;
  return listener;
}

struct HostPort {
  std::string host, port;
};

// Parses "HOST:PORT" or "[HOST]:PORT"; nullopt if malformed.
std::optional<HostPort> parse_host_port(const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string port = colon == text.npos ? "" : text.substr(colon + 1);
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty() || !parse_number<std::uint16_t>(port) ||
      (host.find(':') != host.npos && text[0] != '['))
    return std::nullopt;
  return HostPort{host, port};
}

// Adds a listener for each address of the host. `name` is for error messages. `v6_only`: IPv6
// sockets do not accept IPv4 connections.
void open_inet(const HostPort& where, const std::string& name, bool v6_only,
               std::vector<Listener>& listeners) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (const int error = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found);
      error != 0)
    throw Error(Exit::kUnavailable, name + ": " + ::gai_strerror(error));
  const Handle<addrinfo, ::freeaddrinfo> addresses(found);
  for (const addrinfo* address = found; address; address = address->ai_next) {
    Fd fd = open_socket(address->ai_family);
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ai_family == AF_INET6 && v6_only)
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd.get(), address->ai_addr, address->ai_addrlen) < 0 ||
        ::listen(fd.get(), kBacklog) < 0)
      throw Error::from_errno(name, errno, errno == EADDRINUSE ? "is another server running?" : "");
    listeners.push_back(described(std::move(fd)));
  }
}

}  // namespace

std::vector<Listener> open_listeners(const ListenOptions& options) {
  std::vector<Listener> listeners;
  for (const std::string& address : options.addresses) {
    if (address.starts_with("unix:")) {
      listeners.push_back(open_unix(address.substr(5), options.unix_mode));
      continue;
    }
    const std::string name = options.label + address;
    const auto where = parse_host_port(address);
    if (!where)
      throw Error(Exit::kUsage, name + ": not an address",
                  "127.0.0.1:8080, [::1]:8080, unix:/run/kvm.sock");
    // If 0.0.0.0 has a socket of its own on this port, an IPv6 socket that also accepts IPv4 would
    // collide with it.
    const bool v6_only = std::ranges::count(options.addresses, "0.0.0.0:" + where->port) > 0;
    open_inet(*where, name, v6_only, listeners);
  }
  return listeners;
}

std::vector<Listener> inherited_listeners() {
  std::vector<Listener> listeners;
  const char* const pid = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  const auto addressee = parse_number<int>(pid ? pid : "");
  const auto passed = parse_number<int>(count ? count : "");
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  if (!addressee || *addressee != ::getpid() || !passed) return listeners;
  for (int fd = kFirstInherited; fd < kFirstInherited + *passed; ++fd) {
    int listening = 0;
    socklen_t length = sizeof listening;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) < 0 || !listening)
      throw Error(Exit::kUsage, strf("LISTEN_FDS: descriptor %d is not a listening socket", fd));
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    listeners.push_back(described(Fd(fd)));
  }
  return listeners;
}

}  // namespace kvm
