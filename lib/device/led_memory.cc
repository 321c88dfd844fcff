#include "device/led_memory.h"

#include <sys/stat.h>

#include "base/fd.h"
#include "device/gadget.h"

namespace kvm {

void remember_leds(std::uint8_t report) noexcept {
  const std::string directory = sys_path("/run/kvm");
  ::mkdir(directory.c_str(), 0755);
  const Fd file(::open((directory + "/leds").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0664));
  if (!file) return;
  [[maybe_unused]] const ssize_t n = ::pwrite(file.get(), &report, 1, 0);
}

std::optional<std::uint8_t> remembered_leds() noexcept {
  const Fd file(::open(sys_path("/run/kvm/leds").c_str(), O_RDONLY | O_CLOEXEC));
  std::uint8_t report = 0;
  if (!file || ::pread(file.get(), &report, 1, 0) != 1) return std::nullopt;
  return report;
}

}  // namespace kvm
