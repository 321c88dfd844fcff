// look-at-port: asks the first root hub for the status of its port, and prints it in hex.
// Only by this request does dummy_hcd's host notice that a device wants to wake it (GetPortStatus
// of dummy_hcd.c).
#include <fcntl.h>
#include <linux/usb/ch11.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <sys/ioctl.h>

#include <cstdio>

int main() {
  const int fd = open("/dev/bus/usb/001/001", O_RDWR);
  unsigned char status[4] = {};
  usbdevfs_ctrltransfer transfer{
      USB_DIR_IN | USB_RT_PORT, USB_REQ_GET_STATUS, 0, 1, sizeof status, 100'000, status};
  if (ioctl(fd, USBDEVFS_CONTROL, &transfer) < 0) return std::perror("GetPortStatus"), 1;
  std::printf("%02x%02x %02x%02x\n", status[1], status[0], status[3], status[2]);
}
