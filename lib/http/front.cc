#include "http/front.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdarg>

#include "base/clock.h"
#include "base/error.h"
#include "base/io.h"
#include "base/message.h"
#include "base/text.h"
#include "net/addresses.h"

namespace kvm {

namespace {

constexpr std::int64_t kCheckUs = 1'000'000;
// While a TLS handshake waits for its client, the library asks to run at once, over and over. After
// this many turns of the loop without an event on the library's descriptor, each further turn is
// delayed by kHurriedUs. The turns before the first delay are enough to send 1 MB of an answer.
constexpr int kMostHurried = 64;
constexpr std::int64_t kHurriedUs = 10'000;
constexpr unsigned kIdleS = 30;  // timeout of an answer that the client does not read
constexpr std::size_t kPlainMemory = 16 << 10, kTlsMemory = 64 << 10;  // bytes per connection
constexpr const char* kTlsVersions = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

}  // namespace

// The functions that libmicrohttpd calls. Each calls a member. No exception may pass into C code.
struct HttpFront::Callbacks {
  static void log(void* self, const char* format, va_list arguments) noexcept {
    char line[256];
    std::vsnprintf(line, sizeof line, format, arguments);
    static_cast<HttpFront*>(self)->last_log_ = line;
  }
  static MHD_Result accept(void* self, const sockaddr* address, socklen_t) noexcept {
    return static_cast<HttpFront*>(self)->visitors_.admit(text_of(address)) ? MHD_YES : MHD_NO;
  }
  static void connection(void* self, MHD_Connection* connection, void** context,
                         MHD_ConnectionNotificationCode code) noexcept {
    Visitors& visitors = static_cast<HttpFront*>(self)->visitors_;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      const auto* const address =
          MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
      *context = visitors.came(
          MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
          text_of(address ? address->client_addr : nullptr));
    } else {
      visitors.gone(static_cast<Visitor*>(*context));
    }
  }
  static MHD_Result handle(void* self, MHD_Connection* connection, const char* url,
                           const char* method, const char* version, const char* data,
                           std::size_t* size, void** context) noexcept {
    try {
      return static_cast<HttpFront*>(self)->exchanges_.handle(connection, url, method, version,
                                                              data, size, context)
                 ? MHD_YES
                 : MHD_NO;
    } catch (const std::exception& error) {
      say(std::string("request: ") + error.what());
      return MHD_NO;
    }
  }
  static void completed(void* self, MHD_Connection*, void** context,
                        MHD_RequestTerminationCode) noexcept {
    static_cast<HttpFront*>(self)->exchanges_.completed(context);
  }
};

HttpFront::HttpFront(Loop& loop, Metrics& metrics, Quota& quota, FrontOptions options,
                     std::vector<Listener> listeners, Exchanges::Calls calls)
    : loop_(loop),
      options_(std::move(options)),
      listeners_(std::move(listeners)),
      visitors_(options_.limits),
      exchanges_(loop, metrics, visitors_, quota, options_.trust_proxy, std::move(calls)) {
  std::string cert, key;
  if (tls()) {
    cert = read_file(options_.tls_cert);
    key = read_file(options_.tls_key);
  }
  for (const Listener& listener : listeners_) add(start(listener, cert, key));
  loop_.before_wait([this] { return run_daemons(); });
  cut_late();
}

HttpFront::~HttpFront() {
  loop_.before_wait(nullptr);
  for (const Daemon& daemon : daemons_) stop(daemon);
  close_listeners();
}

MHD_Daemon* HttpFront::start(const Listener& listener, const std::string& cert,
                             const std::string& key) {
  // The library closes the socket that it gets, so it gets a duplicate: the next reload() needs the
  // original.
  Fd socket(::fcntl(listener.fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!socket) throw Error::from_errno("dup");
  const bool tls = !cert.empty() && !listener.unix_socket;
  std::vector<MHD_OptionItem> tls_options;
  if (tls) {
    const auto text = [](const std::string& value) { return const_cast<char*>(value.c_str()); };
    tls_options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, text(cert)});
    tls_options.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, text(key)});
    tls_options.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>(kTlsVersions)});
  }
  tls_options.push_back({MHD_OPTION_END, 0, nullptr});
  last_log_.clear();
  unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG;
  if (tls) flags |= MHD_USE_TLS;
  MHD_Daemon* const daemon = MHD_start_daemon(
      flags, 0, &Callbacks::accept, this, &Callbacks::handle, this, MHD_OPTION_EXTERNAL_LOGGER,
      &Callbacks::log, this, MHD_OPTION_LISTEN_SOCKET, socket.get(), MHD_OPTION_CONNECTION_LIMIT,
      static_cast<unsigned>(options_.limits.connections + Visitors::kMostLeaving),
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, tls ? kTlsMemory : kPlainMemory,
      MHD_OPTION_CONNECTION_TIMEOUT, kIdleS, MHD_OPTION_NOTIFY_CONNECTION, &Callbacks::connection,
      this, MHD_OPTION_NOTIFY_COMPLETED, &Callbacks::completed, this,
      MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, tls_options.data(), MHD_OPTION_END);
  if (!daemon) {
    const std::string why(trim(last_log_));
    if (tls) throw Error(Exit::kConfig, options_.tls_cert + ", " + options_.tls_key + ": " + why);
    throw Error(Exit::kOs, listener.name + ": the HTTP library did not start: " + why);
  }
  socket.release();
  return daemon;
}

void HttpFront::add(MHD_Daemon* daemon) {
  const int epoll = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  Daemon& added = daemons_.emplace_back(Daemon{daemon, epoll, false, false});
  loop_.watch(epoll, EPOLLIN, [&added](std::uint32_t) { added.ready = true; });
}

void HttpFront::retire(Daemon& daemon) {
  if (std::exchange(daemon.retired, true)) return;
  if (const MHD_socket socket = MHD_quiesce_daemon(daemon.handle); socket >= 0) ::close(socket);
}

void HttpFront::stop(const Daemon& daemon) {
  loop_.forget(daemon.epoll);
  MHD_stop_daemon(daemon.handle);
}

void HttpFront::reload() {
  if (!tls()) return;
  const std::string cert = read_file(options_.tls_cert), key = read_file(options_.tls_key);
  std::vector<MHD_Daemon*> fresh;
  try {
    for (const Listener& listener : listeners_) fresh.push_back(start(listener, cert, key));
  } catch (...) {
    for (MHD_Daemon* daemon : fresh) MHD_stop_daemon(daemon);
    throw;
  }
  for (Daemon& daemon : daemons_) retire(daemon);
  for (MHD_Daemon* daemon : fresh) add(daemon);
}

void HttpFront::quiesce() {
  close_listeners();
  for (Daemon& daemon : daemons_) retire(daemon);
  visitors_.see_out();
}

// Removes unix sockets at once: by the time the last visitor has gone, another server may have made
// its socket at the same path.
void HttpFront::close_listeners() noexcept {
  for (Listener& listener : listeners_) {
    if (!listener.path.empty()) ::unlink(listener.path.c_str());
    listener.path.clear();
    listener.fd.reset();
  }
}

// Runs the library once for each daemon that has something to do: events, timeouts, resumed
// requests. It runs once in a turn of the loop, so that other events have their turn however many
// clients keep it busy. Returns µs until the next call is due.
std::int64_t HttpFront::run_daemons() {
  std::int64_t least_us = kCheckUs;
  const bool resumed = exchanges_.take_resumed();
  if (resumed) hurried_ = 0;
  for (auto next = daemons_.begin(); next != daemons_.end();) {
    const auto daemon = next++;
    if (daemon->ready) hurried_ = 0;
    least_us = std::min(least_us, run(*daemon, resumed));
    if (!daemon->retired) continue;
    const auto* const left =
        MHD_get_daemon_info(daemon->handle, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    if (!left || left->num_connections > 0) continue;
    stop(*daemon);
    daemons_.erase(daemon);
  }
  if (exchanges_.resumed()) return 0;
  if (least_us == 0 && ++hurried_ > kMostHurried) return kHurriedUs;
  return least_us;
}

// Returns µs until this daemon wants to run again.
std::int64_t HttpFront::run(Daemon& daemon, bool resumed) {
  MHD_UNSIGNED_LONG_LONG wait_ms = 0;
  const auto has_timeout = [&] { return MHD_get_timeout(daemon.handle, &wait_ms) == MHD_YES; };
  if (std::exchange(daemon.ready, false) || resumed || (has_timeout() && wait_ms == 0))
    MHD_run(daemon.handle);
  return has_timeout() ? static_cast<std::int64_t>(wait_ms) * 1000 : kCheckUs;
}

void HttpFront::cut_late() {
  visitors_.cut_late();
  loop_.after(kCheckUs, [this] { cut_late(); });
}

}  // namespace kvm
