#include "http/websocket.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace kvm {

namespace {

constexpr std::size_t kMostAtOnce = 2 << 10;  // bytes read from a peer before others have a turn
constexpr std::size_t kMostQueued = 10'000;   // frames that a peer may leave unread
constexpr std::size_t kMostUnread = 4 << 20;  // bytes of them
constexpr std::size_t kFree = 16 << 10;       // bytes that do not count against the quota
}  // namespace

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[20];
  gnutls_hash_fast(GNUTLS_DIG_SHA1, text.data(), text.size(), digest);
  const gnutls_datum_t data{digest, sizeof digest};
  gnutls_datum_t encoded{};
  if (gnutls_base64_encode2(&data, &encoded) < 0) throw std::bad_alloc();
  std::string accept(reinterpret_cast<const char*>(encoded.data), encoded.size);
  gnutls_free(encoded.data);
  return accept;
}

bool is_websocket_key(std::string_view key) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.find_first_not_of(kDigits) == 22 && key.ends_with("==");
}

std::string websocket_header(WebSocketFrame frame, std::size_t size) {
  std::string header(1, static_cast<char>(0x80 | static_cast<int>(frame)));
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  header.push_back(static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127));
  for (int i = length_bytes - 1; i >= 0; --i)
    header.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i)));
  return header;
}

// wslay unmasks, joins fragments, checks UTF-8 and answers pings.
struct WebSocket::Callbacks {
  static ssize_t receive(wslay_event_context_ptr context, std::uint8_t* into, std::size_t room, int,
                         void* self) noexcept {
    auto& socket = *static_cast<WebSocket*>(self);
    room = std::min(room, socket.budget_);
    if (auto& early = socket.connection_.early; !early.empty() && room > 0) {
      const std::size_t n = early.copy(reinterpret_cast<char*>(into), room);
      early.erase(0, n);
      socket.budget_ -= n;
      return static_cast<ssize_t>(n);
    }
    // wslay reads until the socket is empty, so a peer that sends without a break would keep all
    // others waiting. The socket stays readable: the rest is read in the next turn.
    if (room == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    ssize_t n;
    do {
      n = ::recv(socket.connection_.fd, into, room, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
      socket.budget_ -= static_cast<std::size_t>(n);
      socket.heard_us_ = socket.loop_.now_us();
      return n;
    }
    const bool empty = n < 0 && errno == EAGAIN;
    wslay_event_set_error(context, empty ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
  }
  static ssize_t send(wslay_event_context_ptr, const std::uint8_t* data, std::size_t size, int,
                      void* self) noexcept {
    static_cast<WebSocket*>(self)->answers_.append(reinterpret_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
  }
  static void begin(wslay_event_context_ptr context,
                    const wslay_event_on_frame_recv_start_arg* frame, void* self) noexcept {
    auto& socket = *static_cast<WebSocket*>(self);
    socket.is_control_ = wslay_is_ctrl_frame(frame->opcode);
    if (socket.is_control_) return;
    if (frame->opcode != WSLAY_CONTINUATION_FRAME)
      socket.is_text_ = frame->opcode == WSLAY_TEXT_FRAME;
    // (wslay compares only one frame's length with its limit, because it does not keep the
    // message.)
    if (socket.is_text_ && frame->payload_length > kLongestMessage - socket.message_.size())
      refuse(context, WSLAY_CODE_MESSAGE_TOO_BIG);
  }
  static void chunk(wslay_event_context_ptr context,
                    const wslay_event_on_frame_recv_chunk_arg* piece, void* self) noexcept {
    auto& socket = *static_cast<WebSocket*>(self);
    if (socket.is_control_ || !socket.is_text_) return;
    try {
      if (!socket.fits(piece->data_length)) return refuse(context, kTryAgainLater);
      socket.message_.append(reinterpret_cast<const char*>(piece->data), piece->data_length);
    } catch (...) {  // out of memory: drop this viewer, not the server
      socket.failed_ = true;
    }
  }
  static void message(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg* message,
                      void* self) noexcept {
    auto& socket = *static_cast<WebSocket*>(self);
    if (message->opcode != WSLAY_TEXT_FRAME || !wslay_event_get_read_enabled(context)) return;
    socket.inbox_bytes_ += socket.message_.capacity();
    socket.inbox_.push_back(std::exchange(socket.message_, {}));
  }
  // Reads no more, and closes the connection for this reason (section 7.4.1).
  static void refuse(wslay_event_context_ptr context, std::uint16_t code) noexcept {
    wslay_event_shutdown_read(context);
    wslay_event_queue_close(context, code, nullptr, 0);
  }
  static constexpr std::uint16_t kTryAgainLater = 1013;
};

WebSocket::WebSocket(Loop& loop, Turns& turns, Upgraded connection, Holder holder, OnText on_text,
                     std::function<void()> on_close)
    : loop_(loop),
      turns_(turns),
      connection_(std::move(connection)),
      share_(holder.quota, std::move(holder.user)),
      on_text_(std::move(on_text)),
      on_close_(std::move(on_close)),
      sent_us_(loop_.now_us()),
      heard_us_(sent_us_) {
  const wslay_event_callbacks callbacks{Callbacks::receive, Callbacks::send,  nullptr,
                                        Callbacks::begin,   Callbacks::chunk, nullptr,
                                        Callbacks::message};
  wslay_event_context_ptr context = nullptr;
  if (wslay_event_context_server_init(&context, &callbacks, this) != 0) throw std::bad_alloc();
  context_.reset(context);
  // wslay would keep each fragment of a message in a piece of memory of its own: a client that
  // sends one byte per fragment would make it hold a hundred bytes for each.
  wslay_event_config_set_no_buffering(context, 1);
  wslay_event_config_set_max_recv_msg_length(context, kLongestMessage);
  loop_.watch(connection_.fd, 0, [this](std::uint32_t events) { ready(events); });
  // The socket does not become readable for bytes that have come already.
  if (!connection_.early.empty()) ask();
  watch();
}

WebSocket::~WebSocket() {
  loop_.forget(connection_.fd);
  connection_.close();
}

void WebSocket::ready(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return fail();
  if ((events & EPOLLOUT) != 0) flush();
  if (failed_ || (events & (EPOLLIN | EPOLLRDHUP)) == 0) return;
  if (precedence_ == Precedence::kFirst) return serve();
  ask();
  watch();  // not for more bytes: a socket that waits for its turn would wake the loop up
}

// Waits for a turn.
void WebSocket::ask() {
  if (std::exchange(asked_, true)) return;
  auto call = [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    asked_ = false;
    if (!failed_) serve();
  };
  if (precedence_ == Precedence::kFirst) return loop_.after(0, std::move(call));
  turns_.ask(std::move(call));
}

// Reads from the client and gives its messages to the owner, for a short time.
void WebSocket::serve() {
  const std::int64_t until_us = turns_.until_us();
  serving_ = true;
  const bool over = inbox_.empty() && !receive();
  work(until_us);
  if (wslay_event_want_write(context_.get())) take_answers();
  serving_ = false;
  const bool more =
      wslay_event_get_read_enabled(context_.get()) && (budget_ == 0 || !connection_.early.empty());
  if (!over && !failed_ && (more || !inbox_.empty())) ask();
  flush();
  if (over && !failed_) fail();
}

// false: the connection has ended, or its end is queued.
bool WebSocket::receive() {
  budget_ = kMostAtOnce;
  return wslay_event_recv(context_.get()) == 0;
}

// Whether the message that arrives may grow by `bytes`. If so, there is room for them.
bool WebSocket::fits(std::size_t bytes) {
  const std::size_t whole = message_.size() + bytes;
  if (whole <= message_.capacity()) return true;
  const std::size_t room = std::min(kLongestMessage, std::max(whole, 2 * message_.capacity()));
  const std::size_t held = inbox_bytes_ + queue_.own_bytes() + room;
  if (!share_.resize(held <= kFree ? 0 : held)) return false;
  message_.reserve(room);
  return true;
}

// Counts the memory that this client holds. false: it is more than the client may hold.
bool WebSocket::account() {
  const std::size_t held = inbox_bytes_ + queue_.own_bytes() + message_.capacity();
  return share_.resize(held <= kFree ? 0 : held);
}

// Gives the messages to the owner, until they are done or others should have their turn.
void WebSocket::work(std::int64_t until_us) {
  while (!inbox_.empty() && !failed_) {
    const std::string& message = inbox_.front();
    try {
      taken_ += on_text_(message, taken_);
    } catch (...) {  // out of memory: drop this viewer, not the server
      failed_ = true;
    }
    if (taken_ >= message.size()) {
      inbox_bytes_ -= message.capacity();
      inbox_.pop_front();
      taken_ = 0;
    }
    if (loop_.now_us() >= until_us) return;
  }
}

// Takes over the control frames that wslay sends: the close frame, and one pong.
void WebSocket::take_answers() {
  if (wslay_event_send(context_.get()) != 0) failed_ = true;
  std::string pong;
  std::string_view rest = answers_;
  while (rest.size() >= 2) {
    const std::size_t size = 2 + static_cast<std::size_t>(rest[1]);  // at most 127 (section 5.5)
    std::string frame(rest.substr(0, size));
    rest.remove_prefix(frame.size());
    if (opcode_of(frame) == kPong)
      pong = std::move(frame);
    else
      queue_.push(std::move(frame));
  }
  answers_.clear();
  if (!pong.empty()) queue_.push_pong(std::move(pong));
}

void WebSocket::flush() {
  if (serving_) return;  // serve() flushes at its end
  // A client that leaves too much unread is let go. The number of frames has a limit too, because a
  // small frame takes many times its size in memory.
  if (queue_.size() > kMostQueued || queue_.bytes() > kMostUnread) failed_ = true;
  const std::ptrdiff_t sent = failed_ ? 0 : queue_.send(connection_.fd);
  if (sent < 0) return fail();
  if (sent > 0) sent_us_ = loop_.now_us();
  // The connection ends once our close frame is sent, whether the peer or we began the close; we do
  // not wait for a reply.
  if (failed_ || (queue_.empty() && wslay_event_get_close_sent(context_.get())) || !account())
    return fail();
  if (queue_.empty()) sent_us_ = loop_.now_us();
  watch();
}

// Waits for what can be done next.
void WebSocket::watch() {
  const bool reads = !asked_ && inbox_.empty() && wslay_event_get_read_enabled(context_.get());
  const std::uint32_t events =
      (reads ? EPOLLIN | EPOLLRDHUP : 0u) | (queue_.empty() ? 0u : EPOLLOUT);
  if (!failed_ && std::exchange(watched_, events) != events) loop_.change(connection_.fd, events);
}

// Calls on_close later: the caller may be in the middle of a loop over all viewers.
void WebSocket::fail() {
  failed_ = true;
  loop_.forget(connection_.fd);
  if (on_close_) loop_.after(0, std::exchange(on_close_, nullptr));
}

bool WebSocket::sends() const noexcept {
  return !failed_ && !wslay_event_get_close_sent(context_.get());
}

void WebSocket::send_text(std::string_view text) {
  if (!sends()) return;
  queue_.push(websocket_header(WebSocketFrame::kText, text.size()).append(text));
  flush();
}

void WebSocket::send_shared(std::shared_ptr<const std::string> frame) {
  if (!sends()) return;
  queue_.push_shared(std::move(frame));
  flush();
}

void WebSocket::send_ping() {
  if (!sends()) return;
  queue_.push({"\x89\x00", 2});
  flush();
}

void WebSocket::close(unsigned code, std::string_view reason) {
  wslay_event_queue_close(context_.get(), static_cast<std::uint16_t>(code),
                          reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
  take_answers();
  flush();
}

}  // namespace kvm
