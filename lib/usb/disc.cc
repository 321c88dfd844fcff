#include "usb/disc.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "usb/gadget_status.h"

namespace kvm {
namespace {

const std::string kDrive = "functions/mass_storage.disc/lun.0/";
// drivers/usb/gadget/function/storage_common.c, fsg_lun_open: 300 sectors of 2048 bytes at least.
// From 256 minutes on the kernel would let the host see the beginning only.
constexpr std::uint64_t kSmallestCdrom = 300 * 2048;
constexpr std::uint64_t kLargestCdrom = (256 * 60 * 75 - 1) * 2048ull;
constexpr std::uint64_t kSmallestDisk = 512;

GadgetTree with_drive(const Gadget& gadget) {
  GadgetTree tree = gadget.read();
  if (!tree.directories.contains("functions/mass_storage.disc"))
    throw Error(Exit::kNoInput, "gadget " + gadget.name() +
                                    " has no drive (kvm-gadget-setup up --with disc makes one)");
  return tree;
}

// A lease is refused while another process has the file open in a way that would spoil it: to write
// to it, or, if the target is to write, at all.
void check_unused(int fd, const std::string& name, DiscMode mode) {
  const bool writable = mode == DiscMode::kWritable;
  if (::fcntl(fd, F_SETLEASE, writable ? F_WRLCK : F_RDLCK) == 0) {
    ::fcntl(fd, F_SETLEASE, F_UNLCK);
  } else if (errno == EAGAIN) {
    throw Error(Exit::kBusy, name + (writable ? ": another program has it open"
                                              : ": another program has it open for writing (is it "
                                                "still being copied?)"));
  }  // other errors: a file system without leases
}

void check_image(const std::string& image, const std::string& name, DiscMode mode, bool inside,
                 const std::string& hint) {
  struct stat info = {};
  if (::stat(image.c_str(), &info) != 0) throw Error::from_errno(name);
  const bool block = S_ISBLK(info.st_mode), writable = mode == DiscMode::kWritable;
  if (!S_ISREG(info.st_mode) && !block)
    throw Error(Exit::kData, name + ": neither a file nor a block device");
  // O_EXCL on a block device: not while it is mounted.
  const Fd file =
      open_fd(image, (writable ? O_RDWR : O_RDONLY) | (block && !inside ? O_EXCL : 0), 0,
              block      ? "is it mounted?"
              : writable ? hint
                         : "");
  auto size = static_cast<std::uint64_t>(info.st_size);
  if (block && ::ioctl(file.get(), BLKGETSIZE64, &size) != 0) throw Error::from_errno(name);
  const std::uint64_t least = mode == DiscMode::kCdrom ? kSmallestCdrom : kSmallestDisk;
  if (size < least)
    throw Error(Exit::kData, strf("%s: %llu bytes: a %s has at least %llu", name.c_str(),
                                  static_cast<unsigned long long>(size),
                                  mode == DiscMode::kCdrom ? "CD-ROM" : "disk",
                                  static_cast<unsigned long long>(least)));
  if (mode == DiscMode::kCdrom && size > kLargestCdrom)
    throw Error(Exit::kData, strf("%s: %llu bytes: a CD-ROM has at most %llu (%s)", name.c_str(),
                                  static_cast<unsigned long long>(size),
                                  static_cast<unsigned long long>(kLargestCdrom), hint.c_str()));
  if (S_ISREG(info.st_mode) && !inside) check_unused(file.get(), name, mode);
}

// The true path of `image`, which the kernel tells and opens on behalf of whoever asks, once it is
// sure that it can go in. `hint` is what to try where it cannot in this mode.
std::string checked(const Gadget& gadget, const std::string& image, DiscMode mode,
                    const std::string& hint) {
  const Handle<char, std::free> path(::realpath(image.c_str(), nullptr));
  if (!path) throw Error::from_errno(image);
  const bool inside = read_attribute(gadget.path(kDrive + "file")) == path.get();
  check_image(path.get(), image, mode, inside, hint);
  return path.get();
}

}  // namespace

void insert_disc(const Gadget& gadget, const std::string& image, DiscMode mode,
                 const std::function<void()>& replug,
                 const std::function<void(const std::string&)>& complain) {
  GadgetTree to = with_drive(gadget);
  const bool cdrom = mode == DiscMode::kCdrom;
  const std::string path =
      checked(gadget, image, mode, cdrom ? "leave out --cdrom" : "leave out --writable");
  if (to.value(kDrive + "cdrom") != (cdrom ? "1" : "0") && !to.value("UDC").empty()) replug();
  to.attributes[kDrive + "cdrom"].value = cdrom ? "1" : "0";
  to.attributes[kDrive + "ro"].value = mode == DiscMode::kWritable ? "0" : "1";
  to.attributes[kDrive + "file"].value = path;
  const auto done = [&](const GadgetStep& step) {
    check_writable(gadget, to, step, "leave out --writable");
  };
  change(gadget, to, done, complain);
}

void check_medium(const Gadget& gadget, GadgetTree& to) {
  const auto image = to.attributes.find(kDrive + "file");
  if (image == to.attributes.end()) return;
  const DiscMode mode = to.value(kDrive + "cdrom") == "1" ? DiscMode::kCdrom
                        : to.value(kDrive + "ro") == "0"  ? DiscMode::kWritable
                                                          : DiscMode::kReadOnly;
  image->second.value = checked(gadget, image->second.value, mode,
                                mode == DiscMode::kCdrom ? "leave out cdrom" : "leave out ro=0");
}

void check_writable(const Gadget& gadget, const GadgetTree& to, const GadgetStep& done,
                    const std::string& hint) {
  if (done.path == kDrive + "file" && !done.value.empty() && to.value(kDrive + "ro") == "0" &&
      read_attribute(gadget.path(kDrive + "ro")) == "1")
    throw Error(Exit::kPermission, done.value + ": can only be read (" + hint + ")");
}

void eject_disc(const Gadget& gadget, Eject how) {
  GadgetTree to = with_drive(gadget);
  if (to.value(kDrive + "file").empty()) return;
  const bool can_force = ::access(gadget.path(kDrive + "forced_eject").c_str(), W_OK) == 0;
  try {
    gadget.apply({StepKind::kWrite, kDrive + "file", ""});
  } catch (const Error& error) {
    if (error.code() != EBUSY) throw;
    if (how == Eject::kForce && can_force)
      return gadget.apply({StepKind::kWrite, kDrive + "forced_eject", "1"});
    throw Error(Exit::kBusy,
                std::string("the host has locked the disc, which it does while it is mounted ") +
                    (can_force ? "(eject it there, or with --force)"
                               : "(eject it there: this kernel, older than 6.0, cannot force it)"));
  }
}

}  // namespace kvm
