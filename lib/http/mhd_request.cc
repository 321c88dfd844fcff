#include "http/mhd_request.h"

#include <microhttpd.h>

#include "base/fd.h"
#include "http/origin.h"
#include "net/addresses.h"

namespace kvm {

namespace {

Fields fields_of(MHD_Connection* connection, MHD_ValueKind kind) {
  Fields fields;
  fields.reserve(
      static_cast<std::size_t>(MHD_get_connection_values_n(connection, kind, nullptr, nullptr)));
  MHD_get_connection_values_n(
      connection, kind,
      [](void* context, MHD_ValueKind, const char* name, std::size_t name_size, const char* value,
         std::size_t value_size) {
        static_cast<Fields*>(context)->emplace_back(
            std::string(name, name_size), value ? std::string(value, value_size) : std::string());
        return MHD_YES;
      },
      &fields);
  return fields;
}

std::optional<Credentials> credentials_of(MHD_Connection* connection) {
  char* password = nullptr;
  char* const name = MHD_basic_auth_get_username_password(connection, &password);
  const Handle<char, MHD_free> free_name(name), free_password(password);
  if (!name || !password) return std::nullopt;
  return Credentials{name, password};
}

Peer peer_of(MHD_Connection* connection, const Fields& headers, bool trust_proxy) {
  Peer peer;
  if (const Visitor* const visitor = visitor_of(connection)) {
    peer.address = peer.via = visitor->address;
    peer.own = own_address(visitor->fd);
  }
  peer.local = is_local(peer.address);
  peer.tls = is_tls(connection);
  if (trust_proxy && peer.local) believe_proxy(peer, headers);
  peer.secure = peer.tls || peer.local;
  return peer;
}

}  // namespace

Visitor* visitor_of(MHD_Connection* connection) noexcept {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? static_cast<Visitor*>(info->socket_context) : nullptr;
}

bool is_tls(MHD_Connection* connection) noexcept {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_PROTOCOL) != nullptr;
}

std::size_t header_bytes(MHD_Connection* connection) noexcept {
  const auto* const info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info ? info->header_size : 0;
}

Request request_of(MHD_Connection* connection, Request request, bool trust_proxy) {
  request.headers = fields_of(connection, MHD_HEADER_KIND);
  request.parameters = fields_of(connection, MHD_GET_ARGUMENT_KIND);
  request.cookies = fields_of(connection, MHD_COOKIE_KIND);
  request.basic = credentials_of(connection);
  request.peer = peer_of(connection, request.headers, trust_proxy);
  return request;
}

}  // namespace kvm
