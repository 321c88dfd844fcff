// evdump: prints what the USB host's input devices report, one event a line, until it is killed:
// "key 30 1", "rel 8 -1", "abs 0 16383", "led 1 1" (linux/input-event-codes.h). The devices are
// grabbed, so that the console does not act on the keys. "ready N": N devices are being read. Key
// repeat is left out, because the host generates it. "dropped": the kernel's buffer overflowed.
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.h"

namespace {

const char* name_of_type(int type) {
  switch (type) {
    case EV_KEY:
      return "key";
    case EV_REL:
      return "rel";
    case EV_ABS:
      return "abs";
    case EV_LED:
      return "led";
    default:
      return nullptr;
  }
}

}  // namespace

int main() {
  std::vector<kvm::Fd> devices;
  std::vector<pollfd> polled;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/input")) {
    if (!entry.path().filename().string().starts_with("event")) continue;
    auto device = kvm::open_fd(entry.path(), O_RDONLY | O_NONBLOCK);
    input_id id{};
    if (ioctl(device.get(), EVIOCGID, &id) != 0 || id.bustype != BUS_USB) continue;
    if (ioctl(device.get(), EVIOCGRAB, 1) != 0) std::perror("EVIOCGRAB");
    polled.push_back({device.get(), POLLIN, 0});
    devices.push_back(std::move(device));
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::printf("ready %zu\n", devices.size());
  while (poll(polled.data(), polled.size(), -1) > 0) {
    for (auto& device : polled) {
      if (device.revents & ~POLLIN) device.fd = -1;  // unplugged
      input_event event;
      while (device.fd >= 0 && read(device.fd, &event, sizeof event) == sizeof event) {
        if (event.type == EV_SYN && event.code == SYN_DROPPED) std::puts("dropped");
        if (event.type == EV_KEY && event.value == 2) continue;
        if (const char* name = name_of_type(event.type))
          std::printf("%s %d %d\n", name, event.code, event.value);
      }
    }
  }
}
