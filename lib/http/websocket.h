// A WebSocket (RFC 6455) on the event loop: whole messages in, shared buffers out.
#pragma once

#include <wslay/wslay.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/loop.h"
#include "base/turns.h"
#include "http/frame_queue.h"
#include "http/reply.h"
#include "net/quota.h"

namespace kvm {

// The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (section 4.2.2).
std::string websocket_accept(std::string_view key);

// Whether `key` is 16 bytes in base64, as a Sec-WebSocket-Key must be (section 4.2.1).
bool is_websocket_key(std::string_view key);

// Opcodes (section 5.2).
enum class WebSocketFrame : std::uint8_t { kText = 1, kBinary = 2, kClose = 8 };

// The header of an unmasked, final frame with a payload of `size` bytes (section 5.2).
std::string websocket_header(WebSocketFrame frame, std::size_t size);

class WebSocket {
 public:
  static constexpr std::size_t kLongestMessage = 1 << 20;  // bytes, from the client

  // A text message from the client, of which the first `taken` bytes are done. Returns how many
  // more bytes are done now. If that is not the rest of the message, the WebSocket calls again, in
  // a later turn of the loop if this turn has taken long enough.
  using OnText = std::function<std::size_t(std::string_view message, std::size_t taken)>;

  // What the client makes the server hold counts against `quota` as the memory of `user`: a message
  // that arrives, and frames for this client alone that it does not read.
  struct Holder {
    Quota& quota;
    std::string user;
  };

  // Reads, and works on messages, in turn with others that share `turns`. Calls `on_text` for each
  // text message; binary messages are ignored. Nothing is read while a message is not done. Calls
  // `on_close` once, from the loop, when the connection has failed or ended; the owner then
  // destroys the WebSocket.
  WebSocket(Loop& loop, Turns& turns, Upgraded connection, Holder holder, OnText on_text,
            std::function<void()> on_close);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  // kFirst: from now on, this client is served as soon as its bytes arrive.
  enum class Precedence { kInTurn, kFirst };
  void set_precedence(Precedence precedence) noexcept { precedence_ = precedence; }

  void send_text(std::string_view text);
  // `frame` begins with a websocket_header(). The buffer is not copied: all viewers share it.
  void send_shared(std::shared_ptr<const std::string> frame);
  void send_ping();
  // Queues a close frame behind the other frames; on_close follows when all are sent.
  void close(unsigned code, std::string_view reason);

  // Bytes that the kernel has not taken yet.
  std::size_t queued_bytes() const noexcept { return queue_.bytes(); }
  // Monotonic µs. sent_us(): when bytes were last sent or the queue was last empty; heard_us():
  // when bytes were last received.
  std::int64_t sent_us() const noexcept { return sent_us_; }
  std::int64_t heard_us() const noexcept { return heard_us_; }

 private:
  struct Callbacks;
  void ready(std::uint32_t events);
  void ask();
  void serve();
  bool receive();
  bool fits(std::size_t bytes);
  void work(std::int64_t until_us);
  void take_answers();
  bool sends() const noexcept;
  bool account();
  void flush();
  void watch();
  void fail();

  Loop& loop_;
  Turns& turns_;
  Upgraded connection_;
  Quota::Share share_;
  OnText on_text_;
  std::function<void()> on_close_;
  Handle<wslay_event_context, wslay_event_context_free> context_;
  bool is_control_ = false, is_text_ = false;  // the frame, and the message, that is arriving
  std::string message_;                        // as much of it as has arrived
  std::deque<std::string> inbox_;              // messages that are not done
  std::size_t taken_ = 0;                      // bytes of the first one that are done
  std::size_t inbox_bytes_ = 0;
  std::string answers_;  // control frames that wslay has just made
  FrameQueue queue_;
  std::size_t budget_ = 0;  // bytes that may still be read in this turn of the loop
  std::int64_t sent_us_, heard_us_;
  std::uint32_t watched_ = 0;  // events
  Precedence precedence_ = Precedence::kInTurn;
  bool asked_ = false;    // for a turn
  bool serving_ = false;  // frames that are sent meanwhile go out together afterwards
  bool failed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for ask()
};

}  // namespace kvm
