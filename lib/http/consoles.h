// The viewers on /ws. Pictures, state and answers go to them; action lines and control messages
// come from them (kvm-mjpeg-httpd(1), WEBSOCKET).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/loop.h"
#include "base/turns.h"
#include "http/websocket.h"
#include "hub/control.h"
#include "hub/metrics.h"
#include "hub/newest_frame.h"
#include "jpeg/mosaic.h"
#include "net/audit.h"
#include "net/password_file.h"
#include "net/quota.h"

namespace kvm {

class Consoles {
 public:
  struct Needs {
    Loop& loop;
    Turns& turns;  // for what viewers send
    NewestFrame& newest;
    Control& control;
    Metrics& metrics;
    Audit& audit;
    Quota& quota;           // for what viewers make the server hold
    std::int64_t stall_us;  // a viewer that takes no bytes for this long is dropped
    // The members of the state message except "op" and "you".
    std::function<std::vector<Json::Member>()> state;
  };
  explicit Consoles(Needs needs);
  ~Consoles();

  // The most viewers of one user. Without logins there is no limit: everybody is the same user, who
  // may do everything.
  static constexpr std::ptrdiff_t kMostOfUser = 16;

  // Closes the connection, with a reason, if the user has too many others.
  void adopt(ViewerId id, const User& user, Upgraded connection);
  // Call when something in the state changed. All viewers get the new state, at most five times a
  // second.
  void state_changed();
  std::size_t size() const noexcept { return consoles_.size(); }
  // Sends every viewer a close frame, and drops each viewer once its close frame is sent.
  void close_all(std::string_view why);
  void drop_if(const std::function<bool(const User&)>& gone);

 private:
  struct Console;
  using Place = std::map<ViewerId, std::unique_ptr<Console>>::iterator;
  std::size_t on_text(Console& console, std::string_view message, std::size_t taken);
  void on_control(Console& console, std::string_view message);
  void update(Console& console);
  using Message = std::shared_ptr<const std::string>;  // a whole WebSocket frame
  const Message& message_since(std::uint32_t shown);
  std::string shared_state() const;
  void send_state(Console& console, const std::string& shared);
  void send_owed_states();
  void drop(Place console);
  void note_controller();
  void tick();

  Needs needs_;
  std::map<ViewerId, std::unique_ptr<Console>> consoles_;
  Mosaic mosaic_;  // of the newest frame that any viewer was ready for
  // The messages that update a viewer to that frame, by the id of the frame that the viewer shows
  // now. All viewers share these messages.
  std::map<std::uint32_t, Message> messages_;
  std::optional<ViewerId> controller_;  // as last noted in the audit trail
  bool ticking_ = false, state_scheduled_ = false;
  std::int64_t state_sent_us_ = 0;
};

}  // namespace kvm
