// Calls the handler of a request's path (kvm-mjpeg-httpd(1), PATHS).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/turns.h"
#include "http/consoles.h"
#include "http/gate.h"
#include "http/layouts.h"
#include "http/reply.h"
#include "http/snapshots.h"
#include "http/streams.h"
#include "hub/control.h"
#include "keys/keyboard_status.h"

namespace kvm {

class Routes {
 public:
  // Lets the pages of another site read pictures and state (CORS).
  struct Sharing {
    std::string origin;  // that site; "": none; "*": any, which is possible only without a login
    bool login;          // clients log in
  };
  struct Needs {
    Loop& loop;
    Turns& turns;  // for work on action lines
    Gate& gate;
    Streams& streams;
    Snapshots& snapshots;
    Consoles& consoles;
    Control& control;
    Audit& audit;
    Sharing sharing;
    std::function<std::vector<Json::Member>()> state;  // members of `result` for GET /state
    std::function<std::string()> metrics;              // body for GET /metrics
    // What kvm-type last reported; nullopt: nothing yet.
    std::function<std::optional<KeyboardStatus>()> keyboard;
  };
  explicit Routes(Needs needs);

  // Answers the request, now or later.
  void route(const ReplyPtr& reply);
  // Whether the sender of this request may send a large body, which is not read yet: calls `enter`
  // with the user, now or later, or answers the request.
  void admit(const ReplyPtr& reply, const Gate::Enter& enter);

 private:
  using Handler = void (Routes::*)(const ReplyPtr&, const User&);
  struct Row {
    std::string_view path, method;
    Role needed;  // the least role that may send this request
    Handler handler;
    bool shared = false;  // pages of another site may read it
  };
  static const Row kRows[];

  const Row* find(const ReplyPtr& reply, const User& user) const;
  void file(const ReplyPtr& reply, std::string_view name);
  void console(const ReplyPtr& reply, const User& user);
  void stream(const ReplyPtr& reply, const User& user);
  void snapshot(const ReplyPtr& reply, const User& user);
  void state(const ReplyPtr& reply, const User& user);
  void metrics(const ReplyPtr& reply, const User& user);
  void websocket(const ReplyPtr& reply, const User& user);
  void actions(const ReplyPtr& reply, const User& user);
  void check(const ReplyPtr& reply, const User& user);
  void layouts(const ReplyPtr& reply, const User& user);
  void legends(const ReplyPtr& reply, const User& user);
  void advance(const ReplyPtr& reply, const User& user,
               const std::shared_ptr<Control::Batch>& batch);
  Layouts::Done later(const ReplyPtr& reply, const User& user);
  Fields sharing() const;
  void permit(const ReplyPtr& reply) const;
  Fields picture_headers() const;
  void note_actions(const Control::Batch& batch, const User& user);

  Needs needs_;
  Layouts layouts_;
  ViewerId last_viewer_ = 0;  // the ID assigned last
};

}  // namespace kvm
