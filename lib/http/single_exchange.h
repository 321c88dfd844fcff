// One request and its answer, as libmicrohttpd's callbacks move it on.
#pragma once

#include <microhttpd.h>

#include <optional>

#include "http/body.h"
#include "http/exchange.h"
#include "http/mhd_request.h"

namespace kvm {

// State that all requests of one front share. A WebSocket's close() uses it even after the front is
// gone.
struct Exchanges::Shared {
  Loop& loop;
  Visitors& visitors;
  Quota& quota;
  Calls calls;
  bool resumed = false;  // the library has work to do
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
  void recognized() override {
    if (!over() && visitor_) shared_->visitors.recognized(*visitor_);
  }
  bool waits() const noexcept override { return pull_ && suspended_; }
  void upgrade(Fields headers, std::function<void(Upgraded)> use) override;
  bool encrypted() const noexcept override { return !over() && is_tls(connection_); }
  int fd() const noexcept override;
  bool over() const noexcept override { return connection_ == nullptr; }
  bool hung_up() const noexcept override;

 private:
  enum class Step {
    kReading,     // the header or the body is arriving
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
  void upgrade_tls(const Fields& headers, const std::function<void(Upgraded)>& use);
  bool may_answer() const noexcept { return !over() && step_ < Step::kReady; }
  bool is_large() const;
  void drop_body() noexcept;
  void run_next();
  void refuse_body();
  bool go();
  bool send();
  MHD_Response* make_response();
  void suspend() noexcept;
  void resume() noexcept;

  MHD_Connection* connection_;  // null: over
  Visitor* visitor_;
  Request request_;
  std::shared_ptr<Shared> shared_;
  Step step_ = Step::kReading;
  bool suspended_ = false;
  bool admitting_ = false;  // the body is not read before its sender is known
  Body body_;
  std::optional<Answer> body_refused_;  // the answer to a body that was not kept
  Answer answer_;
  Pull pull_;                          // gives the answer's bytes, if set
  std::function<void()> next_;         // kGoOn
  std::function<void(Upgraded)> use_;  // takes the upgraded socket, if set
};

}  // namespace kvm
