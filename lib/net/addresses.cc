#include "net/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace kvm {

std::string text_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  std::strcpy(text, kUnixAddress);
  if (address && address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text,
                sizeof text);
  } else if (address && address->sa_family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
      ::inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &v6, text, sizeof text);
  }
  return text;
}

std::string own_address(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) return "";
  return address.ss_family == AF_UNIX ? "" : text_of(reinterpret_cast<const sockaddr*>(&address));
}

bool is_local(const std::string& address) noexcept {
  return address == kUnixAddress || address == "::1" || address.starts_with("127.");
}

std::string site_of(const std::string& address) {
  in6_addr v6;
  if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
  std::memset(v6.s6_addr + 8, 0, 8);
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(AF_INET6, &v6, text, sizeof text);
}

}  // namespace kvm
