// plug-vudc: plugs the gadget on usbip-vudc.0 into vhci_hcd.0, on the same machine. Unlike
// dummy_hcd they have 15 endpoints each way, isochronous ones among them. Each takes one end of a
// stream socket (drivers/usb/usbip/vudc_sysfs.c and vhci_sysfs.c).
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

static bool store(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY);
  if (fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()))
    return close(fd) == 0;
  std::fprintf(stderr, "plug-vudc: %s: %s\n", path, std::strerror(errno));
  return false;
}

int main() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 71;
  // Port 0, the socket, device 1 of bus 1, high speed (enum usb_device_speed).
  return store("/sys/devices/platform/usbip-vudc.0/usbip_sockfd", std::to_string(ends[0])) &&
                 store("/sys/devices/platform/vhci_hcd.0/attach",
                       "0 " + std::to_string(ends[1]) + " 65537 3")
             ? 0
             : 71;
}
