#include "usb/gadget_script.h"

#include "base/text.h"
#include "usb/gadget_plan.h"

namespace kvm {
namespace {

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

// The operand of printf(1), in octal escapes: a report descriptor is not text.
std::string octal(const std::string& bytes) {
  std::string word = "'";
  for (const char c : bytes) word += strf("\\%03o", static_cast<unsigned char>(c));
  return word + "'";
}

std::string shell_line(const GadgetStep& step) {
  switch (step.kind) {
    case StepKind::kMakeDirectory:
      return "mkdir " + step.path;
    case StepKind::kRemoveDirectory:
      return "rmdir " + step.path;
    case StepKind::kUnlink:
      return "rm " + step.path;
    case StepKind::kLink:
      return "ln -s \"$PWD/" + step.value + "\" " + step.path;
    case StepKind::kWrite:
      break;
  }
  std::string write = "echo " + quoted(step.value);
  if (is_file(step.path, "report_desc"))
    write = "printf " + octal(step.value);
  else if (step.value.find('\\') != std::string::npos || step.value.starts_with('-'))
    write = "printf '%s\\n' " + quoted(step.value);  // shells differ in how echo(1) treats these
  write += " > " + step.path;
  return step.optional ? "[ ! -e " + step.path + " ] || " + write : write;
}

// The steps below the gadget's directory. The script itself makes that directory and binds the
// gadget.
std::string shell_lines(const std::vector<GadgetStep>& steps, const char* before,
                        const char* after) {
  std::string lines;
  for (const GadgetStep& step : steps)
    if (!step.path.empty() && step.path != "UDC") lines += before + shell_line(step) + after;
  return lines;
}

}  // namespace

std::string shell_script(const GadgetTree& tree, const std::string& name) {
  const std::string& udc = tree.value("UDC");
  const std::string gadget = "/sys/kernel/config/usb_gadget/" + name;
  const std::string choose_udc =
      udc.empty() ? "for udc in /sys/class/udc/*; do break; done\nudc=${udc##*/}\n"
                  : "udc=" + quoted(udc) + "\n";
  return "#!/bin/sh\n"
         "# Makes the USB gadget " +
         name +
         " as kvm-gadget-setup(1) does. Run as root, once a boot.\n"
         "set -eu\n" +
         choose_udc +
         "[ -e \"/sys/class/udc/$udc\" ] || "
         "{ echo \"$0: no USB device controller: $udc\" >&2; exit 69; }\n"
         "modprobe libcomposite\n"
         "[ -d /sys/kernel/config/usb_gadget ] || mount -t configfs configfs /sys/kernel/config\n"
         "mkdir " +
         gadget +
         "\n"
         "cd " +
         gadget +
         "\n"
         "undo() {\n"
         "\tset +e\n" +
         shell_lines(plan(tree, {}), "\t", " 2>/dev/null\n") + "\tcd .. && rmdir " + name +
         "\n"
         "}\n"
         "trap undo EXIT\n"
         "trap 'exit 1' HUP INT TERM\n" +
         shell_lines(plan({}, tree), "", "\n") +
         "echo \"$udc\" > UDC\n"
         "trap - EXIT\n";
}

}  // namespace kvm
