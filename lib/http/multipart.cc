#include "http/multipart.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "base/text.h"

namespace kvm {

Boundaries::Boundaries() : prefix_("kvm-" + hex(random_bytes(8))) {}

std::string Boundaries::fresh() const {
  return prefix_ + hex(random_bytes(16));
}

bool Boundaries::may_be_in(Bytes picture) const noexcept {
  return as_text(picture).find(prefix_) != std::string_view::npos;
}

std::string stream_type(const std::string& boundary) {
  return "multipart/x-mixed-replace;boundary=" + boundary;
}

Fields headers_of(const Frame& frame) {
  const auto time = static_cast<long long>(frame.time_us);
  Fields headers = {
      {"X-Timestamp", strf("%lld.%06lld", time / 1'000'000, time % 1'000'000)},
      {"X-Kvm-Time", std::to_string(time)},
      {"X-Kvm-State", name_of(frame.facts.state)},
      {"X-UStreamer-Online", frame.facts.state == SourceState::kLive ? "true" : "false"},
      {"X-UStreamer-Width", std::to_string(frame.info().width)},
      {"X-UStreamer-Height", std::to_string(frame.info().height)}};
  if (frame.facts.sequence)
    headers.emplace_back("X-Kvm-Sequence", std::to_string(*frame.facts.sequence));
  return headers;
}

bool Pieces::empty() const noexcept {
  return std::ranges::all_of(pieces_, [](Bytes piece) { return piece.empty(); });
}

void Pieces::skip(std::size_t bytes) noexcept {
  for (Bytes& piece : pieces_) {
    const std::size_t n = std::min(bytes, piece.size());
    piece = piece.subspan(n);
    bytes -= n;
  }
}

std::size_t Pieces::copy(char* into, std::size_t room) const noexcept {
  std::size_t copied = 0;
  for (const Bytes piece : pieces_) copied += as_text(piece).copy(into + copied, room - copied);
  return copied;
}

ssize_t Pieces::send(int fd) const noexcept {
  std::array<iovec, 3> parts;
  std::ranges::transform(pieces_, parts.begin(), [](Bytes piece) {
    return iovec{const_cast<std::uint8_t*>(piece.data()), piece.size()};
  });
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Part::Part(FramePtr frame)
    : frame_(std::move(frame)),
      header_(strf("Content-Type: image/jpeg\r\nContent-Length: %zu\r\n", frame_->jpeg().size())) {
  for (const auto& [name, value] : headers_of(*frame_)) header_ += name + ": " + value + "\r\n";
  header_ += "\r\n";
}

}  // namespace kvm
