#include "http/exchange.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/text.h"
#include "http/origin.h"

namespace kvm {

namespace {

constexpr std::size_t kMostBody = 1 << 20;  // bytes
// Of those whom we do not know: a login form each; and for a script's first request, which brings
// its password with it, something that they share.
constexpr std::size_t kStrangersBody = 4 << 10, kStrangersBodies = 4 << 20;
constexpr std::size_t kPulledBlock = 128 << 10;  // of a stream under TLS, bytes

Visitor* visitor_of(MHD_Connection* connection) noexcept {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? static_cast<Visitor*>(info->socket_context) : nullptr;
}

bool encrypted(MHD_Connection* connection) noexcept {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_PROTOCOL) != nullptr;
}

// Ours, that the connection came in on; "" for a unix socket.
std::string own_address(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) return "";
  return address.ss_family == AF_UNIX ? "" : text_of(reinterpret_cast<const sockaddr*>(&address));
}

Answer too_large() {
  return failure(413, "the body is too large");
}

// The last word of all header lines of that name: what our own proxy saw. It may have added it to
// the client's line, or as a line of its own; what stands before, the client may have made up.
std::string_view last_of(MHD_Connection* connection, const char* name) {
  struct Search {
    const char* name;
    std::string_view found;
  } search{name, ""};
  MHD_get_connection_values(
      connection, MHD_HEADER_KIND,
      [](void* context, MHD_ValueKind, const char* key, const char* value) {
        auto& wanted = *static_cast<Search*>(context);
        if (::strcasecmp(key, wanted.name) == 0) wanted.found = value ? value : "";
        return MHD_YES;
      },
      &search);
  return trim(split(search.found, ',').back());
}

// Why nobody can be sure where this request ends or whom it is for (RFC 9112, 3.2, 5.1, 6.1
// and 6.3); null: all is well. The library takes the first header of a name that it knows and
// passes over the rest, where a proxy in front may do otherwise: what is a body to one is a request
// to the other.
const char* misframed(MHD_Connection* connection, std::string_view version) {
  struct Count {
    int lengths = 0, codings = 0, hosts = 0;
    const char* why = nullptr;
  } count;
  MHD_get_connection_values(
      connection, MHD_HEADER_KIND,
      [](void* context, MHD_ValueKind, const char* key, const char* value) {
        auto& seen = *static_cast<Count*>(context);
        const std::string_view name = key;
        if (name.empty() || name.find_first_of(" \t") != name.npos)
          seen.why = "a header's name is empty or has a blank in it";
        seen.lengths += ::strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
        seen.hosts += ::strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0;
        if (::strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) != 0) return MHD_YES;
        ++seen.codings;
        if (!value || ::strcasecmp(value, "chunked") != 0)
          seen.why = "the only Transfer-Encoding is chunked";
        return MHD_YES;
      },
      &count);
  if (count.why) return count.why;
  if (count.lengths + count.codings > 1) return "the body's length is told more than once";
  if (count.codings > 0 && version < "HTTP/1.1") return "HTTP/1.0 has no Transfer-Encoding";
  if (count.hosts > 1) return "there is more than one Host";
  if (count.hosts == 0 && version >= "HTTP/1.1") return "there is no Host";
  return nullptr;
}

MHD_Response* response_of(const Answer& answer) {
  if (answer.image) {
    const Bytes jpeg = answer.image->jpeg();
    return MHD_create_response_from_buffer_with_free_callback_cls(
        jpeg.size(), const_cast<std::uint8_t*>(jpeg.data()),
        [](void* image) { delete static_cast<FramePtr*>(image); }, new FramePtr(answer.image));
  }
  const bool fixed = !answer.file.empty();
  const std::string_view body = fixed ? answer.file : std::string_view(answer.body);
  return MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()),
                                         fixed ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
}

}  // namespace

struct Exchange::Callbacks {
  static ssize_t pull(void* context, std::uint64_t, char* into, std::size_t room) noexcept {
    Request& request = **static_cast<RequestPtr*>(context);
    const std::ptrdiff_t n = request.pull_ ? request.pull_(into, room) : -1;
    if (n < 0) return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == 0) {
      // A reader that returns 0 without this would be asked again at once, for ever.
      MHD_suspend_connection(request.connection_);
      request.suspended_ = true;
    }
    return n;
  }
  static void upgraded(void*, MHD_Connection*, void* context, const char* early,
                       std::size_t early_size, MHD_socket fd,
                       MHD_UpgradeResponseHandle* handle) noexcept {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    const Request& request = **static_cast<RequestPtr*>(context);
    request.use_({fd, std::string(early, early_size), [handle, resumed = request.resumed_] {
                    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
                    *resumed = true;  // the socket is closed when the library runs
                  }});
  }
};

Peer Exchange::peer_of(MHD_Connection* connection) const {
  Peer peer;
  if (const Visitor* const visitor = visitor_of(connection)) {
    peer.address = visitor->address;
    peer.own = own_address(visitor->fd);
  }
  peer.local = is_local(peer.address);
  peer.tls = encrypted(connection);
  if (trust_proxy_ && peer.local) {
    if (const auto forwarded = last_of(connection, "X-Forwarded-For"); !forwarded.empty()) {
      const std::string client = forwarded_address(forwarded);
      peer.local = is_local(client);
      if (!client.empty()) peer.address = client;
    }
    if (const auto scheme = last_of(connection, "X-Forwarded-Proto"); !scheme.empty())
      peer.tls = scheme == "https";
  }
  peer.secure = peer.tls || peer.local;
  return peer;
}

int Exchange::handle(MHD_Connection* connection, const char* url, const char* method,
                     const char* version, const char* data, std::size_t* size, void** context) {
  if (!*context) {
    auto request = std::make_shared<Request>();
    request->connection_ = connection;
    request->resumed_ = &resumed_;
    request->method = method;
    request->path = url;
    request->version = version;
    request->peer = peer_of(connection);
    request->encrypted_ = encrypted(connection);
    *context = new RequestPtr(request);
    ++metrics_.requests;
    if (const char* const why = misframed(connection, version)) {
      Answer refusal = failure(400, why);
      refusal.headers.emplace_back("Connection", "close");
      request->answer(std::move(refusal));
      return send(*request);
    }
    const auto length = parse_number<std::uint64_t>(request->header("Content-Length"));
    if (length && *length > kMostBody) {
      request->answer(too_large());
      return send(*request);
    }
    return MHD_YES;
  }
  const RequestPtr request = *static_cast<RequestPtr*>(*context);
  if (*size > 0) {
    take_in(*request, {data, *size});
    *size = 0;
    return MHD_YES;
  }
  return step(request);
}

void Exchange::take_in(Request& request, std::string_view data) {
  if (request.too_long_) return;
  request.too_long_ = !has_room(request, data.size());
  if (request.too_long_) return drop_body(request);
  request.body.append(data);
  if (Visitor* const visitor = visitor_of(request.connection_))
    visitors_.progressed(*visitor, data.size());
}

bool Exchange::has_room(Request& request, std::size_t bytes) {
  const std::size_t whole = request.body.size() + bytes;
  if (whole > kMostBody) return false;
  if (whole <= kStrangersBody || calls_.knows(request)) return true;
  if (strangers_bytes_ + bytes > kStrangersBodies) return false;
  strangers_bytes_ += bytes;
  request.strangers_bytes_ += bytes;
  return true;
}

void Exchange::drop_body(Request& request) noexcept {
  std::string().swap(request.body);
  strangers_bytes_ -= std::exchange(request.strangers_bytes_, 0);
}

int Exchange::step(const RequestPtr& request) {
  using Step = Request::Step;
  suspended_.erase(request.get());
  if (request->step_ == Step::kReading) {
    if (Visitor* const visitor = visitor_of(request->connection_)) visitors_.answering(*visitor);
    request->step_ = Step::kRouted;
    if (request->too_long_)
      request->answer(too_large());
    else
      calls_.route(request);
  }
  while (request->step_ == Step::kGoOn) {
    request->step_ = Step::kRouted;
    std::exchange(request->next_, nullptr)();
  }
  switch (request->step_) {
    case Step::kReady:
      return send(*request);
    case Step::kDeferred:
      MHD_suspend_connection(request->connection_);
      request->suspended_ = true;
      suspended_.insert(request.get());
      return MHD_YES;
    case Step::kHandedOver:
      return MHD_YES;
    case Step::kReading:
    case Step::kRouted:
    case Step::kGoOn:
    case Step::kDone:
      break;
  }
  return MHD_NO;
}

int Exchange::send(Request& request) {
  const Answer& answer = request.answer_;
  MHD_Response* made;
  if (request.use_) {
    made = MHD_create_response_for_upgrade(&Callbacks::upgraded, nullptr);
  } else if (request.pull_) {
    made = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, kPulledBlock, &Callbacks::pull,
        new RequestPtr(request.shared_from_this()),
        [](void* context) { delete static_cast<RequestPtr*>(context); });
  } else {
    made = response_of(answer);
  }
  if (!made) return MHD_NO;
  const Handle<MHD_Response, MHD_destroy_response> response(made);
  if (!answer.type.empty())
    MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, answer.type.c_str());
  MHD_add_response_header(made, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer.headers)
    MHD_add_response_header(made, name.c_str(), value.c_str());
  return MHD_queue_response(request.connection_, static_cast<unsigned>(answer.status), made);
}

void Exchange::completed(MHD_Connection* connection, void** context) noexcept {
  const auto* const request = static_cast<RequestPtr*>(*context);
  if (!request) return;
  suspended_.erase(request->get());
  drop_body(**request);
  (*request)->connection_ = nullptr;
  (*request)->pull_ = nullptr;
  delete request;
  *context = nullptr;
  if (Visitor* const visitor = visitor_of(connection)) visitors_.answered(*visitor);
}

void Exchange::end_waiting() {
  for (const auto waiting = suspended_; Request * request : waiting)
    request->answer(failure(503, "the server is stopping"));
}

}  // namespace kvm
