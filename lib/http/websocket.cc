#include "http/websocket.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace kvm {

namespace {

constexpr std::size_t kMostAtOnce = 16 << 10;  // bytes read from a peer before others have a turn
constexpr std::size_t kMostQueued = 10'000;    // frames that a peer may leave unread

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

// wslay unmasks, joins fragments, checks UTF-8 and answers pings. Its frames go into our queue.
struct WebSocket::Callbacks {
  static ssize_t receive(wslay_event_context_ptr context, std::uint8_t* into, std::size_t room, int,
                         void* self) noexcept {
    auto& socket = *static_cast<WebSocket*>(self);
    if (auto& early = socket.connection_.early; !early.empty()) {
      const std::size_t n = early.copy(reinterpret_cast<char*>(into), room);
      early.erase(0, n);
      return static_cast<ssize_t>(n);
    }
    // wslay reads until the socket is empty, so a peer that sends without a break would keep all
    // others waiting. The socket stays readable: the rest is read in the next turn.
    if (socket.budget_ == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    ssize_t n;
    do {
      n = ::recv(socket.connection_.fd, into, room, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
      socket.budget_ -= std::min(socket.budget_, static_cast<std::size_t>(n));
      socket.heard_us_ = socket.loop_.now_us();
      return n;
    }
    const bool empty = n < 0 && errno == EAGAIN;
    wslay_event_set_error(context, empty ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
  }
  static ssize_t send(wslay_event_context_ptr, const std::uint8_t* data, std::size_t size, int,
                      void* self) noexcept {
    auto& socket = *static_cast<WebSocket*>(self);
    socket.queue_.push_back(
        std::make_shared<std::string>(reinterpret_cast<const char*>(data), size));
    socket.queued_bytes_ += size;
    return static_cast<ssize_t>(size);
  }
  static void message(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message,
                      void* self) noexcept {
    auto& socket = *static_cast<WebSocket*>(self);
    if (message->opcode != WSLAY_TEXT_FRAME) return;
    try {
      socket.on_text_({reinterpret_cast<const char*>(message->msg), message->msg_length});
    } catch (...) {  // out of memory: drop this viewer, not the server
      socket.failed_ = true;
    }
  }
};

WebSocket::WebSocket(Loop& loop, Upgraded connection, OnText on_text,
                     std::function<void()> on_close)
    : loop_(loop),
      connection_(std::move(connection)),
      on_text_(std::move(on_text)),
      on_close_(std::move(on_close)),
      sent_us_(loop_.now_us()),
      heard_us_(sent_us_) {
  const wslay_event_callbacks callbacks{
      Callbacks::receive, Callbacks::send, nullptr, nullptr, nullptr, nullptr, Callbacks::message};
  wslay_event_context_ptr context = nullptr;
  if (wslay_event_context_server_init(&context, &callbacks, this) != 0) throw std::bad_alloc();
  context_.reset(context);
  wslay_event_config_set_max_recv_msg_length(context, kLongestMessage);
  loop_.watch(connection_.fd, EPOLLIN | EPOLLRDHUP,
              [this](std::uint32_t events) { ready(events); });
  // Bytes that came with the request do not make the socket readable. It is writable, however, so
  // EPOLLOUT makes the loop call ready().
  if (!connection_.early.empty()) loop_.change(connection_.fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  want_write_ = !connection_.early.empty();
}

WebSocket::~WebSocket() {
  loop_.forget(connection_.fd);
  connection_.close();
}

void WebSocket::ready(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return fail();
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 || !connection_.early.empty()) {
    budget_ = kMostAtOnce;
    const bool over = wslay_event_recv(context_.get()) != 0;  // wslay has queued a close frame
    if (wslay_event_want_write(context_.get()) && wslay_event_send(context_.get()) != 0)
      return fail();
    flush();
    if (over) return fail();
  } else {
    flush();
  }
  // A queue this long means that the peer does not read our answers. The limit counts frames, not
  // bytes, because a small frame takes fifty times its size in memory.
  if (queue_.size() > kMostQueued) fail();
}

void WebSocket::flush() {
  while (!queue_.empty() && !failed_) {
    const std::string& first = *queue_.front();
    const ssize_t n = ::send(connection_.fd, first.data() + sent_, first.size() - sent_,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return fail();
    sent_us_ = loop_.now_us();
    sent_ += static_cast<std::size_t>(n);
    queued_bytes_ -= static_cast<std::size_t>(n);
    if (sent_ == first.size()) {
      queue_.pop_front();
      sent_ = 0;
    }
  }
  // The connection ends once our close frame is sent, whether the peer or we began the close; we do
  // not wait for a reply.
  if (failed_ || (queue_.empty() && wslay_event_get_close_sent(context_.get()))) return fail();
  if (queue_.empty()) sent_us_ = loop_.now_us();
  if (const bool want = !queue_.empty(); want != want_write_) {
    want_write_ = want;
    loop_.change(connection_.fd, EPOLLIN | EPOLLRDHUP | (want ? EPOLLOUT : 0u));
  }
}

// Calls on_close later: the caller may be in the middle of a loop over all viewers.
void WebSocket::fail() {
  failed_ = true;
  loop_.forget(connection_.fd);
  if (on_close_) loop_.after(0, std::exchange(on_close_, nullptr));
}

void WebSocket::send_text(std::string_view text) {
  send_shared(std::make_shared<std::string>(
      websocket_header(WebSocketFrame::kText, text.size()).append(text)));
}

void WebSocket::send_shared(std::shared_ptr<const std::string> frame) {
  if (failed_ || wslay_event_get_close_sent(context_.get())) return;
  queued_bytes_ += frame->size();
  queue_.push_back(std::move(frame));
  flush();
}

void WebSocket::send_ping() {
  send_shared(std::make_shared<std::string>("\x89\x00", 2));
}

void WebSocket::close(unsigned code, std::string_view reason) {
  wslay_event_queue_close(context_.get(), static_cast<std::uint16_t>(code),
                          reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
  if (wslay_event_send(context_.get()) != 0) return fail();
  flush();
}

}  // namespace kvm
