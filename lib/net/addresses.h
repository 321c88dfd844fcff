// IP addresses as text: how they are written, whether they are local, and which belong to one site.
#pragma once

#include <string>

struct sockaddr;

namespace kvm {

// How text_of() writes the address of a client on a unix socket.
inline constexpr const char* kUnixAddress = "unix";

// "192.0.2.7", "2001:db8::7"; IPv4 inside IPv6 as IPv4; kUnixAddress for anything else.
std::string text_of(const sockaddr* address);
// The local address of a connected socket, as text_of() writes it; "" for a unix socket.
std::string own_address(int fd);
// Whether `address`, as text_of() writes it, is on this machine: loopback or a unix socket.
bool is_local(const std::string& address) noexcept;
// The network that per-address limits count as one client: an IPv4 address, or the /64 of an IPv6
// address, because an IPv6 host can take any number of addresses in its /64.
std::string site_of(const std::string& address);

}  // namespace kvm
