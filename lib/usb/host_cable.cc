#include "usb/host_cable.h"

#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "base/sysfs.h"
#include "usb/gadget.h"

namespace kvm {
namespace {

// The present content of a sysfs file that stays open; empty if the file is gone.
std::string reread(const Fd& file) {
  char text[64];
  const ssize_t n = file ? ::pread(file.get(), text, sizeof text, 0) : 0;
  std::string value(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  while (value.ends_with('\n')) value.pop_back();
  return value;
}

Fd open_quietly(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

void HostCable::open() {
  state_.reset();
  function_.reset();
  suspended_.reset();
  udc_ = read_attribute(Gadget().path("UDC")).value_or("");
  if (udc_.empty()) return;
  const std::string directory = sys_path("/sys/class/udc/" + udc_);
  state_ = open_quietly(directory + "/state");
  function_ = open_quietly(directory + "/function");
  // The name of the gadget's device depends on the kernel's version: gadget, gadget.0…
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/device", error)) {
    if (entry.path().filename().string().starts_with("gadget"))
      suspended_ = open_quietly(entry.path() / "suspended");
    if (suspended_) break;
  }
}

HostState HostCable::state() {
  // While no gadget is bound, Linux may still show the last `state`, so `function` is read first.
  if (reread(function_) != kGadgetName) {
    open();
    if (reread(function_) != kGadgetName) return HostState::kNoDevice;
  }
  const std::string state = reread(state_);
  if (state == "suspended") return HostState::kAsleep;
  if (state != "configured") return HostState::kNoHost;
  return reread(suspended_) == "1" ? HostState::kAsleep : HostState::kReady;
}

void HostCable::wake() {
  if (udc_.empty()) throw Error(Exit::kNoInput, "wake: no gadget", "kvm-gadget-setup up");
  const std::string path = sys_path("/sys/class/udc/" + udc_ + "/srp");
  write_all(open_fd(path, O_WRONLY).get(), "1", "wake: " + path);
}

}  // namespace kvm
