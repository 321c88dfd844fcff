// The viewers on /ws: pictures, state and answers go down, action lines and control messages come
// up (kvm-mjpeg-httpd(1), WEBSOCKET).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/loop.h"
#include "http/websocket.h"
#include "hub/control.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "jpeg/mosaic.h"
#include "net/passwords.h"

namespace kvm {

class Consoles {
 public:
  struct Needs {
    Loop& loop;
    Hub& hub;
    Input& input;
    Metrics& metrics;
    std::int64_t stall_us;  // a viewer that takes nothing for so long is dropped
    // The members of the state message but "op" and "you".
    std::function<std::vector<Json::Member>()> state;
  };
  explicit Consoles(Needs needs);
  ~Consoles();

  void adopt(ViewerId id, const User& user, Upgraded connection);
  // Something in the state changed: all are told, at most five times a second.
  void state_changed();
  std::size_t size() const noexcept { return consoles_.size(); }
  // Says goodbye to all; those that answer are gone soon.
  void close_all(std::string_view why);
  void drop_if(const std::function<bool(const User&)>& gone);

 private:
  struct Console;
  using Place = std::map<ViewerId, std::unique_ptr<Console>>::iterator;
  void text(Console& console, std::string_view message);
  void control(Console& console, std::string_view message);
  void update(Console& console);
  const std::shared_ptr<const std::string>& message_since(std::uint32_t shown);
  void send_state(Console& console);
  void drop(Place console);
  void tick();

  Needs needs_;
  std::map<ViewerId, std::unique_ptr<Console>> consoles_;
  Mosaic mosaic_;  // shows the newest frame that a viewer was ready for
  // That bring a viewer to that frame, by the one that was shown before; all viewers share them.
  std::map<std::uint32_t, std::shared_ptr<const std::string>> messages_;
  bool ticking_ = false, telling_ = false;
  std::int64_t told_us_ = 0;
};

}  // namespace kvm
