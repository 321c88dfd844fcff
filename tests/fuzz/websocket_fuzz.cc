// Fuzzes the bytes that a client sends on /ws, frame headers included. They reach the server's loop
// through a socket pair.
#include <sys/socket.h>

#include <cstdlib>

#include "http/websocket.h"

using namespace kvm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = as_text({data, size});
  is_websocket_key(bytes);
  websocket_accept(bytes);

  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) std::abort();
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  [[maybe_unused]] const auto sent = ::send(theirs.get(), data, size, MSG_NOSIGNAL);
  ::shutdown(theirs.get(), SHUT_WR);
  Loop loop;
  Turns turns(loop);
  Quota quota(1 << 20, 1 << 20);
  std::size_t heard = 0;
  {
    WebSocket socket(
        loop, turns, {ours.get(), std::string(bytes.substr(0, size / 3)), [] {}}, {quota, "ann"},
        [&](std::string_view text, std::size_t) {
          heard += text.size();
          return text.size();
        },
        [&] { loop.stop(); });
    loop.after(50'000, [&] { loop.stop(); });
    loop.run();
  }
  if (heard > 2 * size) std::abort();
  return 0;
}
