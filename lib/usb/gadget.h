// The USB gadget in the kernel: its configfs directory, read and written, and its controllers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/sysfs.h"
#include "usb/gadget_plan.h"

namespace kvm {

// A USB device controller: one of /sys/class/udc.
struct Udc {
  std::string name;    // "fe980000.usb"
  std::string driver;  // "dwc2"; "" unknown
  std::string state;   // "not attached", "configured"... (Documentation/ABI/stable/sysfs-class-udc)
  std::string speed;   // "high-speed"; "UNKNOWN" without a host
  std::string function;  // the gadget driver that has it; "": free
  bool operator==(const Udc&) const = default;
};
std::vector<Udc> list_udcs();

// Ours, in configfs.
inline constexpr const char* kGadgetName = "kvm";

// The directory of one gadget in configfs. Only `prepare` and `apply` change anything.
class Gadget {
 public:
  explicit Gadget(std::string name = kGadgetName);

  // Sees to it that configfs is mounted and libcomposite loaded. Throws Error with the cure.
  static void prepare();
  // Whether the kernel has gadgets now, as it is.
  static bool available();
  // Waits until no other process of ours changes gadgets; the lock goes with the descriptor.
  // `give_up` is called several times a second and may throw.
  static Fd lock(const std::function<void()>& give_up);

  const std::string& name() const noexcept { return name_; }
  // "/sys/kernel/config/usb_gadget/kvm/BELOW"
  std::string path(const std::string& below = "") const;

  GadgetTree read() const;
  // Throws Error. A write of what is there already is passed over.
  void apply(const GadgetStep& step) const;

 private:
  std::string name_;
};

// Brings the gadget to `to`, or back to where it was and throws. If it was plugged in anew, comes
// back when its controller has noticed, so that its state is not an old one. `done` and `complain`
// as for converge.
void change(const Gadget& gadget, const GadgetTree& to,
            const std::function<void(const GadgetStep&)>& done,
            const std::function<void(const std::string&)>& complain);

// The controller to use: `wanted`, or the one that the gadget is on, or the first free one. Throws
// Error with the cure: there is none, no such, or it is taken by something else, which is named.
Udc choose_udc(const Gadget& gadget, const std::string& wanted);

// What is this machine's own and stays: machine-id(5), the board's serial number, or else one that
// lasts until the next boot.
std::string machine_identity();

}  // namespace kvm
