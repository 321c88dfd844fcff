#include "usb/hidg.h"

#include <sys/file.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "base/error.h"
#include "base/sysfs.h"
#include "base/text.h"
#include "usb/gadget.h"

namespace kvm {
namespace {

// The path of the node with these device numbers; empty: there is none. udev(7) makes
// /dev/char/MAJOR:MINOR; without udev, all hidg nodes are compared.
std::string find_node(const std::string& numbers) {
  const std::string link = sys_path("/dev/char/" + numbers);
  std::error_code error;
  if (std::filesystem::exists(link, error)) return link;
  for (const auto& entry : std::filesystem::directory_iterator(sys_path("/dev"), error)) {
    if (!entry.path().filename().string().starts_with("hidg")) continue;
    struct stat node = {};
    if (::stat(entry.path().c_str(), &node) == 0 &&
        strf("%u:%u", major(node.st_rdev), minor(node.st_rdev)) == numbers)
      return entry.path();
  }
  return "";
}

std::optional<std::string> numbers_of(HidDevice device) {
  return read_attribute(Gadget().path(strf("functions/hid.%s/dev", name_of(device))));
}

}  // namespace

bool Hidg::exists(HidDevice device) {
  return numbers_of(device).has_value();
}

Hidg::Hidg(HidDevice device) {
  const std::string name = name_of(device);
  const auto numbers = numbers_of(device);
  if (!numbers)
    throw Error(Exit::kNoInput, "the gadget has no " + name, "kvm-gadget-setup up makes one");
  path_ = find_node(*numbers);
  if (path_.empty())
    throw Error(Exit::kUnavailable, "no device node for the gadget's " + name,
                "kvm-gadget-setup status shows the device nodes");
  struct stat node = {};
  const bool is_device = ::stat(path_.c_str(), &node) == 0 && S_ISCHR(node.st_mode);
  fd_ =
      open_fd(path_, (is_device ? O_RDWR : O_WRONLY) | O_NONBLOCK, 0, "is the user in its group?");
  ::fstat(fd_.get(), &identity_);
}

bool Hidg::take_turn() {
  if (has_turn_) return true;
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return has_turn_ = true;
  if (errno == EWOULDBLOCK || errno == EINTR) return false;
  throw Error::from_errno(path_);
}

void Hidg::end_turn() noexcept {
  if (has_turn_) ::flock(fd_.get(), LOCK_UN);
  has_turn_ = false;
}

Handed Hidg::hand_over(const Report& report) {
  for (;;) {
    const ssize_t n = ::write(fd_.get(), report.data.data(), report.size);
    if (n == report.size) return Handed::kOver;
    if (n >= 0)
      throw Error(Exit::kIo,
                  strf("%s: took only %zd of a report's %d bytes", path_.c_str(), n, report.size),
                  "did kvm-gadget-setup make the gadget?");
    switch (errno) {
      case EINTR:
        continue;
      case EAGAIN:
        return Handed::kBusy;
      case ESHUTDOWN:
      case ENODEV:
      case ENXIO:
        return Handed::kGone;
      default:
        throw Error::from_errno(path_);
    }
  }
}

std::optional<std::uint8_t> Hidg::read_output() {
  std::optional<std::uint8_t> newest;
  std::uint8_t report[8];
  ssize_t n;
  while ((n = ::read(fd_.get(), report, sizeof report)) > 0) newest = report[0];
  silent_ = n < 0 && errno != EAGAIN && errno != EINTR;
  return newest;
}

bool Hidg::replaced() const noexcept {
  struct stat now = {};
  return ::stat(path_.c_str(), &now) != 0 || now.st_ino != identity_.st_ino ||
         now.st_rdev != identity_.st_rdev;
}

}  // namespace kvm
