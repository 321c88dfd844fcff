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
#include "http/reply.h"

namespace kvm {

// The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (section 4.2.2).
std::string websocket_accept(std::string_view key);

// Whether `key` is 16 bytes in base64, as a Sec-WebSocket-Key must be (section 4.2.1).
bool is_websocket_key(std::string_view key);

enum class WebSocketFrame : std::uint8_t { kText = 1, kBinary = 2 };  // opcodes (section 5.2)

// The header of an unmasked, final frame with a payload of `size` bytes (section 5.2).
std::string websocket_header(WebSocketFrame frame, std::size_t size);

class WebSocket {
 public:
  using OnText = std::function<void(std::string_view)>;
  static constexpr std::size_t kLongestMessage = 1 << 20;  // bytes, from the client

  // Calls `on_text` with each text message; binary messages are ignored. Calls `on_close` once,
  // from the loop, when the connection has failed or ended; the owner then destroys the WebSocket.
  WebSocket(Loop& loop, Upgraded connection, OnText on_text, std::function<void()> on_close);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  void send_text(std::string_view text);
  // `frame` begins with a websocket_header(). The buffer is not copied: all viewers share it.
  void send_shared(std::shared_ptr<const std::string> frame);
  void send_ping();
  // Queues a close frame behind the other frames; on_close follows when all are sent.
  void close(unsigned code, std::string_view reason);

  // Bytes that the kernel has not taken yet.
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  // Monotonic µs. sent_us(): when bytes were last sent or the queue was last empty; heard_us():
  // when bytes were last received.
  std::int64_t sent_us() const noexcept { return sent_us_; }
  std::int64_t heard_us() const noexcept { return heard_us_; }

 private:
  struct Callbacks;
  void ready(std::uint32_t events);
  void flush();
  void fail();

  Loop& loop_;
  Upgraded connection_;
  OnText on_text_;
  std::function<void()> on_close_;
  Handle<wslay_event_context, wslay_event_context_free> context_;
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::size_t sent_ = 0;  // bytes of the first frame in the queue
  std::size_t queued_bytes_ = 0;
  std::size_t budget_ = 0;  // bytes that may still be read in this turn of the loop
  std::int64_t sent_us_, heard_us_;
  bool failed_ = false, want_write_ = false;
};

}  // namespace kvm
