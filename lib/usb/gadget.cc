#include "usb/gadget.h"

#include <spawn.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"

namespace kvm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigfs = "/sys/kernel/config";
constexpr const char* kGadgets = "/sys/kernel/config/usb_gadget";
constexpr const char* kUdcs = "/sys/class/udc";

std::vector<std::string> list(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_directory(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// modprobe(8), quietly: the caller looks at what came of it.
void load_module(const char* name) {
  const char* const arguments[] = {"modprobe", "-q", name, nullptr};
  const char* const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", nullptr};
  pid_t pid = 0;
  for (const char* program : {"/sbin/modprobe", "/usr/sbin/modprobe"}) {
    if (posix_spawn(&pid, program, nullptr, nullptr, const_cast<char* const*>(arguments),
                    const_cast<char* const*>(environment)) != 0)
      continue;
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return;
  }
}

// Directories that mkdir made, told by their place: the kernel's own cannot be removed.
bool is_made(const std::string& path) {
  const auto parts = split(path, '/');
  switch (parts.size()) {
    case 2:
      return parts[0] == "configs" || parts[0] == "functions" || parts[0] == "strings";
    case 3:
      return parts[0] == "strings" ||
             (parts[0] == "functions" && parts[2].starts_with("lun.") && parts[2] != "lun.0");
    case 4:
      return parts[0] == "configs" && parts[2] == "strings";
    default:
      return false;
  }
}

// An attribute that can be put back: `ifname` is the kernel's to choose.
bool is_setting(const fs::path& file) {
  struct stat info = {};
  constexpr mode_t kBoth = S_IRUSR | S_IWUSR;
  return file.filename() != "ifname" && ::stat(file.c_str(), &info) == 0 &&
         (info.st_mode & kBoth) == kBoth;
}

void read_into(GadgetTree& tree, const fs::path& root, const std::string& below) {
  for (const std::string& name : list(root / below)) {
    const std::string path = below.empty() ? name : below + "/" + name;
    const fs::path full = root / path;
    std::error_code error;
    const auto type = fs::symlink_status(full, error).type();
    if (type == fs::file_type::symlink) {
      tree.links[path] = fs::relative(full, root, error);
    } else if (type == fs::file_type::directory) {
      if (is_made(path)) tree.directories.insert(path);
      read_into(tree, root, path);
    } else if (type == fs::file_type::regular && is_setting(full)) {
      // A report descriptor may well end with the byte of a newline.
      if (name == "report_desc")
        tree.attributes[path] = {read_file(full)};
      else if (const auto value = read_attribute(full))
        tree.attributes[path] = {*value};
    }
  }
}

std::string hint_for(const GadgetStep& step, int err) {
  if (err == EACCES || err == EPERM) return "run it as root";
  const bool writes = step.kind == StepKind::kWrite;
  if (step.kind == StepKind::kMakeDirectory && step.path.starts_with("functions/") &&
      err == ENOENT) {
    const std::string function = step.path.substr(10, step.path.find('.') - 10);
    return "this kernel has no usb_f_" + function + " module: install the rest of its modules";
  }
  // Whatever goes wrong while binding, the kernel calls it busy.
  if (writes && step.path == "UDC") return "it has too few endpoints or is taken: dmesg tells more";
  if (writes && step.path.ends_with("/file") && err == EBUSY)
    return "the host has locked the disc: eject it there first";
  if (writes && err == ENOENT && !step.path.ends_with("/file"))
    return "this kernel has no such attribute";
  return "";
}

int write_attribute(const std::string& path, const std::string& value) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!file) return errno;
  // One write(2) is one change, and an empty one would be none.
  const std::string text = path.ends_with("/report_desc") ? value : value + "\n";
  const ssize_t n = ::write(file.get(), text.data(), text.size());
  if (n < 0) return errno;
  return static_cast<std::size_t>(n) == text.size() ? 0 : EIO;
}

// The gadget other than `mine` that is on controller `udc`; "" if none.
std::string other_on(const std::string& udc, const Gadget& mine) {
  for (const std::string& other : list(sys_path(kGadgets))) {
    if (other != mine.name() && read_attribute(Gadget(other).path("UDC")) == udc) return other;
  }
  return "";
}

}  // namespace

std::vector<Udc> list_udcs() {
  std::vector<Udc> udcs;
  for (const std::string& name : list(sys_path(kUdcs))) {
    const std::string directory = sys_path(kUdcs) + "/" + name + "/";
    std::error_code error;
    udcs.push_back({name, fs::read_symlink(directory + "device/driver", error).filename(),
                    read_attribute(directory + "state").value_or(""),
                    read_attribute(directory + "current_speed").value_or(""),
                    read_attribute(directory + "function").value_or("")});
  }
  return udcs;
}

Gadget::Gadget(std::string name) : name_(std::move(name)) {}

bool Gadget::available() {
  return is_directory(sys_path(kGadgets));
}

void Gadget::prepare() {
  if (available()) return;
  if (::geteuid() != 0)
    throw Error(Exit::kPermission, "only root can load the USB gadget modules (try sudo)");
  if (!std::getenv("KVM_SYSFS_ROOT")) {
    load_module("configfs");
    if (list(kConfigfs).empty()) ::mount("configfs", kConfigfs, "configfs", 0, nullptr);
    load_module("libcomposite");
  }
  if (available()) return;
  if (!is_directory(sys_path(kConfigfs)))
    throw Error(Exit::kNoInput, std::string(kConfigfs) +
                                    ": this kernel has no configfs, through which USB gadgets are "
                                    "made (CONFIG_CONFIGFS_FS, CONFIG_USB_CONFIGFS)");
  throw Error(Exit::kNoInput,
              std::string(kGadgets) +
                  ": the libcomposite module cannot be loaded (modprobe libcomposite tells why)");
}

Fd Gadget::lock(const std::function<void()>& give_up) {
  Fd directory = open_fd(sys_path(kGadgets), O_RDONLY | O_DIRECTORY);
  while (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw Error::from_errno(std::string(kGadgets) + ": lock");
    give_up();
    ::usleep(50'000);
  }
  return directory;
}

std::string Gadget::path(const std::string& below) const {
  const std::string directory = sys_path(kGadgets) + "/" + name_;
  return below.empty() ? directory : directory + "/" + below;
}

GadgetTree Gadget::read() const {
  GadgetTree tree;
  if (!is_directory(path())) return tree;
  tree.directories.insert("");
  read_into(tree, path(), "");
  return tree;
}

void Gadget::apply(const GadgetStep& step) const {
  const std::string target = path(step.path);
  const auto errno_of = [](int result) { return result == 0 ? 0 : errno; };
  int err = 0;
  switch (step.kind) {
    case StepKind::kMakeDirectory:
      err = errno_of(::mkdir(target.c_str(), 0755));
      break;
    case StepKind::kRemoveDirectory:
      err = errno_of(::rmdir(target.c_str()));
      break;
    case StepKind::kLink:
      err = errno_of(::symlink(path(step.value).c_str(), target.c_str()));
      break;
    case StepKind::kUnlink:
      err = errno_of(::unlink(target.c_str()));
      break;
    case StepKind::kWrite:
      if (step.optional && ::access(target.c_str(), F_OK) != 0) return;
      if (const auto now = read_attribute(target); now && same_value(step.path, *now, step.value))
        return;
      err = write_attribute(target, step.value);
      break;
  }
  if (err)
    throw Error::from_errno("gadget " + name_ + ": " + describe(step), err, hint_for(step, err));
}

void change(const Gadget& gadget, const GadgetTree& to,
            const std::function<void(const GadgetStep&)>& done,
            const std::function<void(const std::string&)>& complain) {
  bool plugged = false;
  converge(
      to, [&] { return gadget.read(); }, [&](const GadgetStep& step) { gadget.apply(step); },
      [&](const GadgetStep& step) {
        plugged = step.path == "UDC" && !step.value.empty();
        done(step);
      },
      complain);
  // The kernel resets the state of a controller only when the next host begins to talk: until then
  // it says what it said of the old gadget. Hosts take a third of a second.
  const std::string state = sys_path(kUdcs) + ("/" + to.value("UDC") + "/state");
  for (int tries = 0; plugged && tries < 50 && read_attribute(state) == "configured"; ++tries)
    ::usleep(20'000);
}

Udc choose_udc(const Gadget& gadget, const std::string& wanted) {
  const std::vector<Udc> udcs = list_udcs();
  if (udcs.empty())
    throw Error(Exit::kUnavailable,
                "no USB device controller in /sys/class/udc (on a Raspberry Pi: dtoverlay=dwc2 in "
                "config.txt, then reboot; kvm-otg-check looks further)");
  const std::string mine = read_attribute(gadget.path("UDC")).value_or("");
  const std::string name = wanted.empty() ? mine : wanted;
  std::string names, taken;
  for (const Udc& udc : udcs) {
    names += (names.empty() ? "" : ", ") + udc.name;
    if (!name.empty() && udc.name != name) continue;
    const std::string other = other_on(udc.name, gadget);
    if (udc.name == mine || (other.empty() && udc.function.empty())) return udc;
    taken = udc.name + " is taken by ";
    taken += other.empty() ? udc.function + " (try: rmmod " + udc.function + ")"
                           : "the gadget " + other + " (to free it: echo > " +
                                 Gadget(other).path("UDC") + ")";
  }
  if (!taken.empty()) throw Error(Exit::kBusy, taken);
  throw Error(Exit::kNoInput, "no such controller: " + name + " (there is " + names + ")");
}

std::string machine_identity() {
  // A boot_id makes a poor serial number, one that changes; a constant would be a worse one.
  for (const char* path : {"/etc/machine-id", "/sys/firmware/devicetree/base/serial-number",
                           "/sys/class/dmi/id/product_uuid", "/proc/sys/kernel/random/boot_id"}) {
    const auto id = read_attribute(path);
    if (id && id->size() >= 8 && *id != "uninitialized") return *id;
  }
  throw Error(Exit::kNoInput,
              "/etc/machine-id: missing, and with it what makes this machine's serial number");
}

}  // namespace kvm
