// ws PORT: does what the console page does in a browser (kvm-mjpeg-httpd(1), WEBSOCKET). Sends each
// line of stdin as a text message, except that "save FILE" writes the screen that a browser would
// show to FILE, as PPM. Prints the text messages that come, and "picture ID COUNT WxH" for each
// picture update that it has drawn and acknowledged. Ends at the end of stdin.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/io.h"
#include "picture.h"

namespace {

std::string buffered;  // from the server, not yet taken

bool receive(int fd) {
  char chunk[65536];
  const auto count = read(fd, chunk, sizeof chunk);
  if (count > 0) buffered.append(chunk, std::size_t(count));
  return count > 0;
}

void send_frame(int fd, unsigned opcode, std::string_view payload) {
  std::string frame{char(0x80 | opcode)};
  if (payload.size() < 126) {
    frame += char(0x80 | payload.size());
  } else {
    frame += char(0x80 | 126);
    frame += char(payload.size() >> 8);
    frame += char(payload.size() & 255);
  }
  frame.append(4, '\0');  // a mask of zeros masks nothing
  frame += payload;
  kvm::write_all(fd, frame, "the server");
}

template <class Number>
Number take(std::string_view& from) {
  Number value{};
  if (from.size() < sizeof value) std::exit(65);
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return value;
}

Picture screen;
std::string head;  // shared by all pieces: SOI to SOS

void draw(int fd, std::string_view update) {
  struct Area {
    std::uint16_t x, y, width, height;
    std::uint8_t left, top, right, bottom;  // margins, not drawn
    std::uint32_t bytes;
  };
  const auto version = take<std::uint8_t>(update), flags = take<std::uint8_t>(update);
  const auto count = take<std::uint16_t>(update);
  const auto id = take<std::uint32_t>(update);
  take<std::int64_t>(update);
  const bool whole = flags & 1;
  if (version != 2) std::exit(65);
  if (flags & 2) {
    head = update;
    return;
  }
  std::vector<Area> areas;
  for (int i = 0; i < count; ++i) areas.push_back(take<Area>(update));
  if (whole) {
    screen = {areas.at(0).width, areas[0].height, {}};
    screen.rgb.resize(std::size_t(screen.width) * screen.height * 3);
  }
  for (const Area& area : areas) {
    std::string jpeg(update.substr(0, area.bytes));
    update.remove_prefix(area.bytes);
    if (!whole) {
      jpeg.insert(0, head);
      const int size[] = {area.height, area.width};
      for (std::size_t i = 0; i < 2; ++i) {
        jpeg[7 + 2 * i] = char(size[i] >> 8);
        jpeg[8 + 2 * i] = char(size[i]);
      }
    }
    const Picture piece = read_jpeg(jpeg);
    for (int y = area.top; y < piece.height - area.bottom; ++y)
      std::memcpy(const_cast<std::uint8_t*>(screen.at(area.x + area.left, area.y + y)),
                  piece.at(area.left, y), std::size_t(piece.width - area.left - area.right) * 3);
  }
  send_frame(fd, 1, "{\"op\":\"ack\",\"id\":" + std::to_string(id) + "}");
  std::printf("picture %u %d %dx%d\n", id, count, screen.width, screen.height);
}

// Handles the first whole frame in `buffered`; false if there is none yet. Exits on a close frame.
bool take_frame(int fd) {
  if (buffered.size() < 2) return false;
  std::size_t header = 2, size = buffered[1] & 0x7f;
  if (size >= 126) {
    header += size == 126 ? 2 : 8;
    if (buffered.size() < header) return false;
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | std::uint8_t(buffered[i]);
  }
  if (buffered.size() < header + size) return false;
  const std::string payload = buffered.substr(header, size);
  const int opcode = buffered[0] & 15;
  buffered.erase(0, header + size);
  switch (opcode) {
    case 1:
      std::printf("%s\n", payload.c_str());
      break;
    case 2:
      draw(fd, payload);
      break;
    case 8:
      std::exit(0);
    case 9:
      send_frame(fd, 10, payload);
      break;
    default:
      break;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const kvm::Fd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(std::uint16_t(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("ws: connect");
    return 69;
  }
  const std::string host = std::string("127.0.0.1:") + argv[1];
  kvm::write_all(server.get(),
                 "GET /ws HTTP/1.1\r\nHost: " + host + "\r\nOrigin: http://" + host +
                     "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
                     "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                 "the server");
  while (buffered.find("\r\n\r\n") == std::string::npos)
    if (!receive(server.get())) return 69;
  if (buffered.find(" 101 ") == std::string::npos ||
      buffered.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == std::string::npos) {
    std::fprintf(stderr, "ws: refused: %s\n", buffered.c_str());
    return 69;
  }
  buffered.erase(0, buffered.find("\r\n\r\n") + 4);
  std::printf("connected\n");

  std::string typed;
  pollfd polled[] = {{server.get(), POLLIN, 0}, {0, POLLIN, 0}};
  for (;;) {
    while (take_frame(server.get())) continue;
    poll(polled, 2, -1);
    if (polled[0].revents && !receive(server.get())) return 69;
    if (!polled[1].revents) continue;
    char chunk[4096];
    const auto count = read(0, chunk, sizeof chunk);
    if (count <= 0) break;
    typed.append(chunk, std::size_t(count));
    for (std::size_t end; (end = typed.find('\n')) != std::string::npos; typed.erase(0, end + 1)) {
      const std::string line = typed.substr(0, end);
      if (line.starts_with("save ")) {
        if (!write_ppm(screen, line.substr(5))) return 74;
        std::printf("saved\n");
      } else {
        send_frame(server.get(), 1, line);
      }
    }
  }
  send_frame(server.get(), 8, "\x03\xe8");
}
