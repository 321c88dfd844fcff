#include "http/exchange.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "base/fd.h"
#include "base/text.h"
#include "http/mhd_request.h"

namespace kvm {

namespace {

constexpr std::size_t kMostBody = 1 << 20;  // bytes
// Each unknown sender may send a body the size of a login form. Larger bodies, for example from a
// script whose password is not checked yet, must fit into a pool that all unknown senders share.
constexpr std::size_t kStrangersBody = 4 << 10, kStrangersBodies = 4 << 20;  // bytes
constexpr std::size_t kPulledBlock = 128 << 10;  // bytes; a stream under TLS is sent in such blocks

Answer too_large() {
  return failure(413, "the body is too large");
}

MHD_Response* response_of(const Answer& answer) {
  if (!answer.owner) {
    const bool fixed = !answer.bytes.empty();
    const Bytes body = fixed ? answer.bytes : as_bytes(answer.body);
    return MHD_create_response_from_buffer(body.size(), const_cast<std::uint8_t*>(body.data()),
                                           fixed ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
  }
  using Owner = std::shared_ptr<const void>;
  auto owner = std::make_unique<Owner>(answer.owner);
  MHD_Response* const response = MHD_create_response_from_buffer_with_free_callback_cls(
      answer.bytes.size(), const_cast<std::uint8_t*>(answer.bytes.data()),
      [](void* held) { delete static_cast<Owner*>(held); }, owner.get());
  if (response) owner.release();
  return response;
}

}  // namespace

// State that all requests of one front share. A WebSocket's close() uses it even after the front is
// gone.
struct Exchanges::Shared {
  Visitors& visitors;
  Calls calls;
  bool resumed = false;             // the library has work to do
  std::size_t strangers_bytes = 0;  // taken from the unknown senders' pool
};

// One request and its answer; the only code that touches the library's connection. A ReplyPtr may
// outlive the request; then connection_ is null.
class Exchanges::Exchange final : public Reply, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(MHD_Connection* connection, Request request, std::shared_ptr<Shared> shared)
      : connection_(connection),
        visitor_(visitor_of(connection)),
        request_(std::move(request)),
        shared_(std::move(shared)) {}

  // The library's callbacks. false: the library must close the connection.
  bool begin();                         // the header is complete
  void take_in(std::string_view data);  // a piece of the body arrived
  bool step();                          // the body is complete, or the request was resumed
  void end() noexcept;

  // Whether the request is deferred, or its deferral has ended but next_ has not run yet.
  bool waiting() const noexcept { return step_ == Step::kDeferred || step_ == Step::kGoOn; }

  const Request& request() const noexcept override { return request_; }
  void answer(Answer answer) override;
  void defer() override;
  void go_on(std::function<void()> next) override;
  void hand_over(const Adopt& adopt) override;
  void pour(std::string type, Fields headers, Pull pull) override;
  void wake() override;
  bool waits() const noexcept override { return pull_ && suspended_; }
  void upgrade(Fields headers, std::function<void(Upgraded)> use) override;
  bool encrypted() const noexcept override { return !over() && is_tls(connection_); }
  int fd() const noexcept override;
  bool over() const noexcept override { return connection_ == nullptr; }
  bool hung_up() const noexcept override;

 private:
  enum class Step {
    kReading,     // the body is arriving
    kRouted,      // a route is running
    kDeferred,    // a route will answer later; the library waits
    kGoOn,        // next_ must run
    kReady,       // answer_ waits to be sent, or was sent
    kHandedOver,  // the socket is lent to the route
    kDone,        // the route has written its answer
  };
  static ssize_t on_pull(void* self, std::uint64_t, char* into, std::size_t room) noexcept;
  static void on_upgrade(void*, MHD_Connection*, void* self, const char* early,
                         std::size_t early_size, MHD_socket fd,
                         MHD_UpgradeResponseHandle* handle) noexcept;
  bool may_answer() const noexcept { return !over() && step_ < Step::kReady; }
  bool has_room(std::size_t bytes);
  void drop_body() noexcept;
  bool send();
  MHD_Response* make_response();
  void suspend() noexcept;
  void resume() noexcept;

  MHD_Connection* connection_;  // null: over
  Visitor* visitor_;
  Request request_;
  std::shared_ptr<Shared> shared_;
  Step step_ = Step::kReading;
  bool suspended_ = false, too_long_ = false;
  std::size_t strangers_bytes_ = 0;  // this body's part of the pool
  Answer answer_;
  Pull pull_;                          // gives the answer's bytes, if set
  std::function<void()> next_;         // kGoOn
  std::function<void(Upgraded)> use_;  // takes the upgraded socket, if set
};

bool Exchanges::Exchange::begin() {
  const char* fault = framing_fault(request_);
  if (!fault && !split_absolute_form(request_)) fault = "the target's host is not clear";
  if (fault) {
    answer(failure(400, fault, {{"Connection", "close"}}));
    return send();
  }
  const auto length = parse_number<std::uint64_t>(request_.header("Content-Length"));
  if (!length || *length <= kMostBody) return true;
  answer(too_large());
  return send();
}

void Exchanges::Exchange::take_in(std::string_view data) {
  if (too_long_) return;
  too_long_ = !has_room(data.size());
  if (too_long_) return drop_body();
  request_.body.append(data);
  if (visitor_) shared_->visitors.progressed(*visitor_, data.size());
}

bool Exchanges::Exchange::has_room(std::size_t bytes) {
  const std::size_t whole = request_.body.size() + bytes;
  if (whole > kMostBody) return false;
  if (whole <= kStrangersBody || shared_->calls.knows(request_)) return true;
  if (shared_->strangers_bytes + bytes > kStrangersBodies) return false;
  shared_->strangers_bytes += bytes;
  strangers_bytes_ += bytes;
  return true;
}

void Exchanges::Exchange::drop_body() noexcept {
  std::string().swap(request_.body);
  shared_->strangers_bytes -= std::exchange(strangers_bytes_, 0);
}

bool Exchanges::Exchange::step() {
  if (step_ == Step::kReading) {
    if (visitor_) shared_->visitors.answering(*visitor_);
    step_ = Step::kRouted;
    if (too_long_)
      answer(too_large());
    else
      shared_->calls.route(shared_from_this());
  }
  while (step_ == Step::kGoOn) {
    step_ = Step::kRouted;
    std::exchange(next_, nullptr)();
  }
  switch (step_) {
    case Step::kReady:
      return send();
    case Step::kDeferred:
      suspend();
      return true;
    case Step::kHandedOver:
      return true;
    case Step::kReading:
    case Step::kRouted:
    case Step::kGoOn:
    case Step::kDone:
      break;
  }
  return false;
}

bool Exchanges::Exchange::send() {
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

void Exchanges::Exchange::upgrade(Fields headers, std::function<void(Upgraded)> use) {
  if (!may_answer()) return;
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

Exchanges::Exchanges(Metrics& metrics, Visitors& visitors, bool trust_proxy, Calls calls)
    : metrics_(metrics),
      trust_proxy_(trust_proxy),
      shared_(std::make_shared<Shared>(Shared{visitors, std::move(calls)})) {}

Exchanges::~Exchanges() = default;

bool Exchanges::handle(MHD_Connection* connection, const char* url, const char* method,
                       const char* version, const char* data, std::size_t* size, void** context) {
  if (!*context) {
    const auto exchange = std::make_shared<Exchange>(
        connection, request_of(connection, {method, url, version}, trust_proxy_), shared_);
    open_.insert(exchange);
    *context = exchange.get();
    ++metrics_.requests;
    return exchange->begin();
  }
  Exchange& exchange = *static_cast<Exchange*>(*context);
  if (*size == 0) return exchange.step();
  exchange.take_in({data, std::exchange(*size, 0)});
  return true;
}

void Exchanges::completed(void** context) noexcept {
  if (!*context) return;
  auto* const exchange = static_cast<Exchange*>(std::exchange(*context, nullptr));
  exchange->end();
  open_.erase(exchange->shared_from_this());
}

bool Exchanges::resumed() const noexcept {
  return shared_->resumed;
}

bool Exchanges::take_resumed() noexcept {
  return std::exchange(shared_->resumed, false);
}

void Exchanges::end_waiting() {
  const auto open = open_;
  for (const auto& exchange : open)
    if (exchange->waiting()) exchange->answer(failure(503, "the server is stopping"));
}

}  // namespace kvm
