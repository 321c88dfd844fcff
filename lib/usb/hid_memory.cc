#include "usb/hid_memory.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/fd.h"
#include "base/io.h"
#include "base/sysfs.h"
#include "base/text.h"

namespace kvm {
namespace {

const std::string kDirectory = "/run/kvm";

// Writes the file NAME in the directory. A new file replaces the old one, even one of another user.
// Everyone may read the new file in spite of the umask, which is 0077 in a service.
bool keep(const std::string& name, Bytes bytes) noexcept {
  const std::string directory = sys_path(kDirectory);
  ::mkdir(directory.c_str(), 0755);
  const std::string path = directory + "/" + name, fresh = strf("%s.%d", path.c_str(), ::getpid());
  ::unlink(fresh.c_str());
  const Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (file && ::fchmod(file.get(), 0644) == 0 &&
      ::write(file.get(), bytes.data(), bytes.size()) == std::ssize(bytes) &&
      std::rename(fresh.c_str(), path.c_str()) == 0)
    return true;
  ::unlink(fresh.c_str());
  return false;
}

// Fills `bytes` from the file NAME. False: the file does not exist or is too short.
bool recall(const std::string& name, std::span<std::uint8_t> bytes) noexcept {
  const Fd file(::open(sys_path(kDirectory + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::pread(file.get(), bytes.data(), bytes.size(), 0) == std::ssize(bytes);
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
  return ::unlink(sys_path(kDirectory + "/leds").c_str()) == 0 || errno == ENOENT;
}

void remember_buttons(const Report& report) noexcept {
  keep(name_of(report.device), report.bytes());
}

void forget_buttons(HidDevice mouse) noexcept {
  ::unlink(sys_path(kDirectory + "/" + name_of(mouse)).c_str());
}

std::optional<Report> releasing_buttons(HidDevice mouse) noexcept {
  const bool absolute = mouse == HidDevice::kPointer;
  Report report = absolute ? PointerState().report() : MouseState().report();
  Report last = report;
  if (!recall(name_of(mouse), {last.data.data(), last.size})) return std::nullopt;
  if (absolute) std::copy_n(&last.data[1], 4, &report.data[1]);  // x and y; no wheel
  return report;
}

}  // namespace kvm
