// The gadget's directory in the kernel's configfs, read and changed.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/signals.h"
#include "base/sysfs.h"
#include "usb/gadget_directory.h"

namespace kvm {

// The name of our gadget.
inline constexpr const char* kGadgetName = "kvm";

class Gadget final : public GadgetDirectory {
 public:
  // The directory of all gadgets, below sys_path().
  static constexpr const char* kAll = "/sys/kernel/config/usb_gadget";

  explicit Gadget(std::string name = kGadgetName);

  // Mounts configfs and loads libcomposite if necessary. Throws Error.
  static void prepare();
  // Whether configfs is mounted and libcomposite loaded.
  static bool available();
  // Waits until no other process of ours changes gadgets. Closing the descriptor unlocks. Throws
  // Stopped after a stop signal, and Error.
  static Fd lock(StopSignals& stop);

  const std::string& name() const noexcept { return name_; }
  // "/sys/kernel/config/usb_gadget/kvm/BELOW"
  std::string path(const std::string& below = "") const;

  GadgetTree read() const override;
  // Skips a write that would not change the value. Throws Error.
  void apply(const GadgetStep& step) override;

 private:
  std::string name_;
};

}  // namespace kvm
