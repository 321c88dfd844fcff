#include "usb/disc_image.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

namespace kvm {
namespace {

// drivers/usb/gadget/function/storage_common.c, fsg_lun_open: at least 300 sectors of 2048 bytes.
// The kernel would show the host only the beginning of a CD-ROM of 256 minutes or more.
constexpr std::uint64_t kSmallestCdrom = 300 * 2048;
constexpr std::uint64_t kLargestCdrom = (256 * 60 * 75 - 1) * 2048ull;
constexpr std::uint64_t kSmallestDisk = 512;

void check_size(const std::string& image, std::uint64_t size, DiscMode mode,
                const MediumHints& hints) {
  const bool cdrom = mode == DiscMode::kCdrom;
  const auto refuse = [&](const char* bound, std::uint64_t bytes, const std::string& hint) {
    throw Error(Exit::kData,
                strf("%s: %llu bytes: a %s has %s %llu", image.c_str(),
                     static_cast<unsigned long long>(size), cdrom ? "CD-ROM" : "disk", bound,
                     static_cast<unsigned long long>(bytes)),
                hint);
  };
  const std::uint64_t smallest = cdrom ? kSmallestCdrom : kSmallestDisk;
  if (size < smallest) refuse("at least", smallest, "");
  if (cdrom && size > kLargestCdrom) refuse("at most", kLargestCdrom, hints.not_cdrom);
}

// Throws Error if another process has the file open for writing. If the target may write, throws if
// another process has it open at all. In these cases the kernel refuses a lease.
void check_unused(int fd, const std::string& image, DiscMode mode) {
  const bool writable = mode == DiscMode::kWritable;
  if (::fcntl(fd, F_SETLEASE, writable ? F_WRLCK : F_RDLCK) == 0) {
    ::fcntl(fd, F_SETLEASE, F_UNLCK);
  } else if (errno == EAGAIN) {
    if (writable) throw Error(Exit::kBusy, image + ": another program has it open");
    throw Error(Exit::kBusy, image + ": another program has it open for writing",
                "is it still being copied?");
  }  // other errors: a file system without leases
}

// `image` is the path that the user gave, for messages; `path` is the one that is opened.
void check_image(const std::string& path, const std::string& image, DiscMode mode, bool loaded,
                 const MediumHints& hints) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) throw Error::from_errno(image);
  const bool block = S_ISBLK(info.st_mode), writable = mode == DiscMode::kWritable;
  if (!S_ISREG(info.st_mode) && !block)
    throw Error(Exit::kData, image + ": neither a file nor a block device");
  // With O_EXCL the kernel refuses to open a block device that is mounted.
  const Fd file = open_fd(path, (writable ? O_RDWR : O_RDONLY) | (block && !loaded ? O_EXCL : 0), 0,
                          block      ? "is it mounted?"
                          : writable ? hints.not_writable
                                     : "");
  auto size = static_cast<std::uint64_t>(info.st_size);
  if (block && ::ioctl(file.get(), BLKGETSIZE64, &size) != 0) throw Error::from_errno(image);
  check_size(image, size, mode, hints);
  if (!block && !loaded) check_unused(file.get(), image, mode);
}

}  // namespace

Medium medium_in(const GadgetTree& tree) {
  return {tree.value(kMediumFile), tree.value(kMediumCdrom) == "1"      ? DiscMode::kCdrom
                                   : tree.value(kMediumReadOnly) == "0" ? DiscMode::kWritable
                                                                        : DiscMode::kReadOnly};
}

void put_medium(GadgetTree& tree, const Medium& medium) {
  tree.attributes[kMediumCdrom].value = medium.mode == DiscMode::kCdrom ? "1" : "0";
  tree.attributes[kMediumReadOnly].value = medium.mode == DiscMode::kWritable ? "0" : "1";
  tree.attributes[kMediumFile].value = medium.image;
}

std::string describe(const Medium& medium) {
  static constexpr const char* kModes[] = {"read-only", "CD-ROM", "writable"};
  if (medium.image.empty()) return "empty";
  return printable(medium.image) + " (" + kModes[static_cast<int>(medium.mode)] + ")";
}

std::string checked_path(const Medium& medium, const std::string& loaded,
                         const MediumHints& hints) {
  const Handle<char, std::free> path(::realpath(medium.image.c_str(), nullptr));
  if (!path) throw Error::from_errno(medium.image);
  check_image(path.get(), medium.image, medium.mode, loaded == path.get(), hints);
  return path.get();
}

}  // namespace kvm
