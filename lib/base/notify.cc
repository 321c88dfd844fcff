#include "base/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "base/fd.h"
#include "base/text.h"

namespace kvm {

void notify(std::string_view lines) noexcept {
  const char* const variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view name = variable ? variable : "";
  sockaddr_un address{};
  if (name.empty() || name.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path);
  if (name[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace, unix(7)
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd)
    ::sendto(fd.get(), lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), length);
}

std::optional<std::int64_t> watchdog_us() noexcept {
  const char* const pid = std::getenv("WATCHDOG_PID");
  const char* const time = std::getenv("WATCHDOG_USEC");
  if (pid && parse_number<int>(pid) != ::getpid()) return std::nullopt;
  const auto us = parse_number<std::int64_t>(time ? time : "");
  return us && *us > 0 ? us : std::nullopt;
}

}  // namespace kvm
