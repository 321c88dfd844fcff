// What libmicrohttpd has read from a connection, as plain data.
#pragma once

#include "http/request.h"
#include "net/visitors.h"

struct MHD_Connection;

namespace kvm {

// The connection's socket context; null if it has none.
Visitor* visitor_of(MHD_Connection* connection) noexcept;

// Whether the connection itself is TLS, whatever a proxy says.
bool is_tls(MHD_Connection* connection) noexcept;

// How many bytes the header takes, without copying it.
std::size_t header_bytes(MHD_Connection* connection) noexcept;

// Fills in everything but the request line, which `request` already has, and the body.
// `trust_proxy`: believe X-Forwarded-For and -Proto of local peers.
Request request_of(MHD_Connection* connection, Request request, bool trust_proxy);

}  // namespace kvm
