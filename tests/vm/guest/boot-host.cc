// boot-host INTERFACE: a host that knows only the boot protocol (HID 1.11, appendix B and 7.2), as
// firmware does. It takes this interface of USB device 1-1 away from the kernel's driver, switches
// it to the boot protocol and prints the bytes of each report (of a mouse's report the three that
// the protocol defines). When CapsLock is pressed, it toggles the keyboard's LED.
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

constexpr int kGetProtocol = 0x03, kSetReport = 0x09, kSetProtocol = 0x0b;
constexpr int kOutputReport = 0x0200, kBootProtocol = 0;
constexpr unsigned char kCapsLock = 0x39;
const std::string kDevice = "/sys/bus/usb/devices/1-1/";

std::string read_word(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

int check(int result, const char* operation) {
  if (result >= 0) return result;
  std::perror(operation);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const auto number = static_cast<unsigned>(std::atoi(argv[1]));
  const std::string interface = kDevice + "1-1:1." + argv[1];
  if (read_word(interface + "/bInterfaceSubClass") != "01") return 1;
  const bool is_keyboard = read_word(interface + "/bInterfaceProtocol") == "01";
  unsigned endpoint = 0;
  for (const auto& entry : std::filesystem::directory_iterator(interface))
    if (const std::string name = entry.path().filename(); name.starts_with("ep_"))
      endpoint = static_cast<unsigned>(std::stoi(name.substr(3), nullptr, 16));

  const std::string devnum = read_word(kDevice + "devnum");
  const std::string node = "/dev/bus/usb/001/" + std::string(3 - devnum.size(), '0') + devnum;
  const int fd = check(open(node.c_str(), O_RDWR), node.c_str());
  usbdevfs_disconnect_claim claim{number, 0, ""};
  check(ioctl(fd, USBDEVFS_DISCONNECT_CLAIM, &claim), "claim");

  const auto request = [&](int direction, int code, int value, unsigned char* data, int size) {
    usbdevfs_ctrltransfer transfer{
        static_cast<__u8>(direction | USB_TYPE_CLASS | USB_RECIP_INTERFACE),
        static_cast<__u8>(code),
        static_cast<__u16>(value),
        static_cast<__u16>(number),
        static_cast<__u16>(size),
        100'000,  // ms
        data};
    check(ioctl(fd, USBDEVFS_CONTROL, &transfer), "control request");
  };
  unsigned char report[8] = {0xff}, leds = 0;
  request(USB_DIR_OUT, kSetProtocol, kBootProtocol, nullptr, 0);
  request(USB_DIR_IN, kGetProtocol, 0, report, 1);
  if (report[0] != kBootProtocol) return 1;

  std::puts("ready");
  for (;;) {
    std::fflush(stdout);
    usbdevfs_bulktransfer transfer{endpoint, sizeof report, 0, report};
    const int size = check(ioctl(fd, USBDEVFS_BULK, &transfer), "report");
    if (size == 0) continue;  // dummy_hcd sends an empty packet after a full one
    for (int i = 0; i < (is_keyboard ? size : 3); ++i)
      std::printf("%s%02x", i ? " " : "", report[i]);
    std::puts("");
    if (!is_keyboard || report[2] != kCapsLock) continue;
    leds ^= 2;  // HUT 1.4, page 0x08
    request(USB_DIR_OUT, kSetReport, kOutputReport, &leds, 1);
  }
}
