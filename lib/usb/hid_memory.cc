#include "usb/hid_memory.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/io.h"
#include "base/sysfs.h"
#include "base/text.h"
#include "usb/hid_descriptors.h"

namespace kvm {
namespace {

constexpr const char *kParent = "/run/kvm", *kDirectory = "/run/kvm/hid";

// The directory, opened; no descriptor if somebody else could have put another directory there.
Fd open_directory() noexcept {
  Fd directory(
      ::open(sys_path(kDirectory).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status = {};
  const bool ours = directory && ::fstat(directory.get(), &status) == 0 &&
                    (status.st_uid == 0 || status.st_uid == ::geteuid()) &&
                    (status.st_mode & S_IWOTH) == 0;
  return ours ? std::move(directory) : Fd();
}

// Writes the file NAME in the directory. A new file replaces the old one, even one of another user.
// Everyone may read the new file in spite of the umask, which is 0077 in a service.
bool keep(const std::string& name, Bytes bytes) noexcept {
  ::mkdir(sys_path(kParent).c_str(), 0755);
  ::mkdir(sys_path(kDirectory).c_str(), 0755);
  const Fd directory = open_directory();
  const std::string fresh = strf("%s.%d", name.c_str(), ::getpid());
  ::unlinkat(directory.get(), fresh.c_str(), 0);
  const Fd file(::openat(directory.get(), fresh.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (file && ::fchmod(file.get(), 0644) == 0 &&
      ::write(file.get(), bytes.data(), bytes.size()) == std::ssize(bytes) &&
      ::renameat(directory.get(), fresh.c_str(), directory.get(), name.c_str()) == 0)
    return true;
  ::unlinkat(directory.get(), fresh.c_str(), 0);
  return false;
}

// Fills `bytes` from the file NAME. False: the file does not exist or is too short. Every member of
// the directory's group can put something else there: a FIFO must not block us, and a link must not
// lead us to another file.
bool recall(const std::string& name, std::span<std::uint8_t> bytes) noexcept {
  const Fd file(::openat(open_directory().get(), name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status = {};
  return file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::pread(file.get(), bytes.data(), bytes.size(), 0) == std::ssize(bytes);
}

// False: the file could not be removed.
bool forget(const std::string& name) noexcept {
  const Fd directory = open_directory();
  return !directory || ::unlinkat(directory.get(), name.c_str(), 0) == 0 || errno == ENOENT;
}

}  // namespace

bool remember_leds(std::uint8_t report) noexcept {
  return keep("leds", {&report, 1});
}

std::optional<std::uint8_t> remembered_leds() noexcept {
  std::uint8_t report = 0;
  return recall("leds", {&report, 1}) ? std::optional(report) : std::nullopt;
}

bool forget_leds() noexcept {
  return forget("leds");
}

void remember_down(const Report& report) noexcept {
  keep(name_of(report.device), report.bytes());
}

void forget_down(HidDevice device) noexcept {
  forget(name_of(device));
}

std::optional<Report> releasing_remembered(HidDevice device) noexcept {
  Report report = nothing_down(device);
  Report last = report;
  // The reports of the controls differ in length. The first byte says which of them it is.
  if (device == HidDevice::kControls) {
    if (!recall(name_of(device), {last.data.data(), 1})) return std::nullopt;
    if (last.data[0] == kSystemReportId) return ControlsState().report(ControlPage::kSystem);
    return report;
  }
  if (!recall(name_of(device), {last.data.data(), last.size})) return std::nullopt;
  if (device == HidDevice::kPointer)
    std::copy_n(&last.data[1], 4, &report.data[1]);  // x and y; no wheel
  return report;
}

}  // namespace kvm
