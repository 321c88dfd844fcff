#include "http/single_exchange.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/fd.h"
#include "base/message.h"
#include "base/text.h"
#include "http/body.h"
#include "http/mhd_request.h"
#include "http/mhd_response.h"
#include "http/tls_relay.h"

namespace kvm {

namespace {

constexpr std::size_t kPulledBlock = 32 << 10;  // bytes; a stream under TLS is sent in such blocks

}  // namespace

bool Exchanges::Exchange::begin() {
  const char* fault = framing_fault(request_);
  if (!fault && !split_absolute_form(request_)) fault = "the target's host is not clear";
  if (fault) {
    answer(failure(400, fault, {{"Connection", "close"}}));
    return send();
  }
  if (visitor_ && !shared_->visitors.attribute(*visitor_, request_.peer.address)) {
    answer(failure(503, "too many connections from your address", {{"Connection", "close"}}));
    return send();
  }
  const auto length = parse_number<std::uint64_t>(request_.header("Content-Length"));
  if (length && *length > Body::kLargest) {
    answer(too_large());
    return send();
  }
  if (!is_large()) return true;
  admitting_ = true;
  step_ = Step::kRouted;  // so that the sender may be asked for as in a route
  shared_->calls.admit(shared_from_this(), [this, length](const ReplyPtr&, const User& user) {
    body_.belongs_to(shared_->quota, user.name);
    if (auto refused = body_.reserve(request_.body, length.value_or(0)))
      return answer(std::move(*refused));
    admitting_ = false;
    step_ = Step::kReading;
  });
  return go();
}

// Whether the body may be larger than any sender may make it. Its length is known or "chunked".
bool Exchanges::Exchange::is_large() const {
  const auto length = parse_number<std::uint64_t>(request_.header("Content-Length"));
  return !request_.header("Transfer-Encoding").empty() ||
         length.value_or(0) > Body::kLargestOfStranger;
}

void Exchanges::Exchange::take_in(std::string_view data) {
  if (admitting_) run_next();
  if (step_ != Step::kReading || body_refused_) return;
  body_refused_ = body_.append(request_.body, data);
  if (body_refused_) return drop_body();
  if (visitor_) shared_->visitors.progressed(*visitor_, data.size());
}

void Exchanges::Exchange::drop_body() noexcept {
  std::string().swap(request_.body);
  body_.reset();
}

void Exchanges::Exchange::run_next() {
  while (step_ == Step::kGoOn) {
    step_ = Step::kRouted;
    std::exchange(next_, nullptr)();
  }
}

bool Exchanges::Exchange::step() {
  if (step_ == Step::kReading) {
    if (visitor_) shared_->visitors.answering(*visitor_);
    step_ = Step::kRouted;
    if (body_refused_)
      answer(std::move(*body_refused_));
    else
      shared_->calls.route(shared_from_this());
  }
  return go();
}

// Lets the library read the body, which is not kept, before the answer. If a client is sending it
// while the connection closes, the client may never see the answer.
void Exchanges::Exchange::refuse_body() {
  body_refused_ = std::exchange(answer_, {});
  step_ = Step::kReading;
}

// Does what the request's state asks for. false: the library must close the connection.
bool Exchanges::Exchange::go() {
  run_next();
  if (admitting_ && step_ == Step::kReady) {
    admitting_ = false;
    if (request_.header("Expect").empty()) refuse_body();
  }
  switch (step_) {
    case Step::kReady:
      return send();
    case Step::kDeferred:
      suspend();
      return true;
    case Step::kReading:  // the sender is known: the library may read the body
    case Step::kHandedOver:
      return true;
    case Step::kRouted:
    case Step::kGoOn:
    case Step::kDone:
      break;
  }
  return false;
}

bool Exchanges::Exchange::send() {
  drop_body();
  const Handle<MHD_Response, MHD_destroy_response> response(make_response());
  if (!response) return false;
  if (!answer_.type.empty())
    MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONTENT_TYPE, answer_.type.c_str());
  MHD_add_response_header(response.get(), "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer_.headers)
    MHD_add_response_header(response.get(), name.c_str(), value.c_str());
  return MHD_queue_response(connection_, static_cast<unsigned>(answer_.status), response.get()) ==
         MHD_YES;
}

MHD_Response* Exchanges::Exchange::make_response() {
  if (use_) return MHD_create_response_for_upgrade(&Exchange::on_upgrade, nullptr);
  if (pull_)
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kPulledBlock, &Exchange::on_pull,
                                             this, nullptr);
  return response_of(answer_);
}

ssize_t Exchanges::Exchange::on_pull(void* self, std::uint64_t, char* into,
                                     std::size_t room) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::ptrdiff_t n = exchange.pull_ ? exchange.pull_(into, room) : -1;
  if (n < 0) return MHD_CONTENT_READER_END_OF_STREAM;
  // Without the suspension the library would call this function again and again.
  if (n == 0) exchange.suspend();
  return n;
}

void Exchanges::Exchange::on_upgrade(void*, MHD_Connection*, void* self, const char* early,
                                     std::size_t early_size, MHD_socket fd,
                                     MHD_UpgradeResponseHandle* handle) noexcept {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  const auto& exchange = *static_cast<Exchange*>(self);
  exchange.use_({fd, std::string(early, early_size), [handle, shared = exchange.shared_] {
                   MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
                   shared->resumed = true;  // the library closes the socket when it runs
                 }});
}

void Exchanges::Exchange::end() noexcept {
  drop_body();
  connection_ = nullptr;
  pull_ = nullptr;
  next_ = nullptr;  // holds a ReplyPtr to this object, which would keep it alive
  if (visitor_) shared_->visitors.answered(*visitor_);
}

void Exchanges::Exchange::answer(Answer answer) {
  if (!may_answer()) return;
  answer_ = std::move(answer);
  step_ = Step::kReady;
  resume();
}

void Exchanges::Exchange::defer() {
  if (step_ == Step::kRouted) step_ = Step::kDeferred;
}

void Exchanges::Exchange::go_on(std::function<void()> next) {
  if (over() || step_ != Step::kDeferred) return;
  next_ = std::move(next);
  step_ = Step::kGoOn;
  resume();
}

void Exchanges::Exchange::hand_over(const Adopt& adopt) {
  if (over() || step_ != Step::kRouted) return;
  suspend();
  step_ = Step::kHandedOver;
  adopt(fd(), [self = shared_from_this()] {
    if (self->over()) return;
    ::shutdown(self->fd(), SHUT_RDWR);
    self->step_ = Step::kDone;
    self->resume();
  });
}

void Exchanges::Exchange::pour(std::string type, Fields headers, Pull pull) {
  if (!may_answer()) return;
  pull_ = std::move(pull);
  headers.emplace_back("Cache-Control", "no-store");
  answer({200, std::move(type), {}, std::move(headers)});
}

void Exchanges::Exchange::wake() {
  if (pull_) resume();
}

// Takes the session from the library, as hand_over() takes a plain socket.
void Exchanges::Exchange::upgrade_tls(const Fields& headers,
                                      const std::function<void(Upgraded)>& use) {
  std::string head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  hand_over([&](int socket, const std::function<void()>& done) {
    auto* const session = static_cast<gnutls_session_t>(
        MHD_get_connection_info(connection_, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
    std::shared_ptr<TlsRelay> relay;
    try {
      relay = std::make_shared<TlsRelay>(shared_->loop, session, socket, head + "\r\n");
    } catch (const Error& error) {
      say(error.what());
      return done();
    }
    const int plain = relay->plain();
    use({plain, "", [relay, done, self = shared_from_this()]() mutable {
           if (!self->over()) relay->finish();
           relay.reset();
           done();
         }});
  });
}

void Exchanges::Exchange::upgrade(Fields headers, std::function<void(Upgraded)> use) {
  if (!may_answer()) return;
  if (encrypted()) return upgrade_tls(headers, use);
  use_ = std::move(use);
  answer({101, "", {}, std::move(headers)});
}

int Exchanges::Exchange::fd() const noexcept {
  if (over()) return -1;
  return MHD_get_connection_info(connection_, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

bool Exchanges::Exchange::hung_up() const noexcept {
  pollfd socket{fd(), POLLRDHUP, 0};
  return over() || ::poll(&socket, 1, 0) == 1;
}

void Exchanges::Exchange::suspend() noexcept {
  MHD_suspend_connection(connection_);
  suspended_ = true;
}

void Exchanges::Exchange::resume() noexcept {
  if (over() || !std::exchange(suspended_, false)) return;
  MHD_resume_connection(connection_);
  shared_->resumed = true;
}

}  // namespace kvm
