#include "usb/gadget.h"

#include <spawn.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "base/poller.h"
#include "base/sysfs.h"
#include "base/text.h"

namespace kvm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigfs = "/sys/kernel/config";

bool is_directory(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// Runs modprobe(8) without its messages. The caller checks whether the module works.
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

// Whether the directory was made with mkdir(2). The others were made by the kernel and cannot be
// removed. The path shows which kind a directory is.
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

// Whether the file is an attribute that can be restored. The kernel itself chooses `ifname`.
bool is_setting(const fs::path& file) {
  struct stat info = {};
  constexpr mode_t kBoth = S_IRUSR | S_IWUSR;
  return file.filename() != "ifname" && ::stat(file.c_str(), &info) == 0 &&
         (info.st_mode & kBoth) == kBoth;
}

void read_into(GadgetTree& tree, const fs::path& root, const std::string& below) {
  for (const std::string& name : list_directory(root / below)) {
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
      // A report descriptor may end with the byte of a newline, which read_attribute() removes.
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
    return "this kernel has no usb_f_" + function + " module: install all of its modules";
  }
  // The kernel answers every failure to bind with EBUSY.
  if (writes && step.path == "UDC")
    return "the controller has too few endpoints or is taken: see dmesg";
  if (writes && step.path.ends_with("/file") && err == EBUSY)
    return "the host has locked the disc: eject it there first";
  if (writes && err == ENOENT && !step.path.ends_with("/file"))
    return "this kernel has no such attribute";
  return "";
}

int write_attribute(const std::string& path, const std::string& value) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!file) return errno;
  // One write(2) is one change. The kernel ignores a write of 0 bytes, so "" is written as "\n".
  const std::string text = path.ends_with("/report_desc") ? value : value + "\n";
  const ssize_t n = ::write(file.get(), text.data(), text.size());
  if (n < 0) return errno;
  return static_cast<std::size_t>(n) == text.size() ? 0 : EIO;
}

}  // namespace

Gadget::Gadget(std::string name) : name_(std::move(name)) {}

bool Gadget::available() {
  return is_directory(sys_path(kAll));
}

void Gadget::prepare() {
  if (available()) return;
  if (::geteuid() != 0)
    throw Error(Exit::kPermission, "only root can load the USB gadget modules", "try sudo");
  if (!std::getenv("KVM_SYSFS_ROOT")) {
    load_module("configfs");
    if (list_directory(kConfigfs).empty()) ::mount("configfs", kConfigfs, "configfs", 0, nullptr);
    load_module("libcomposite");
  }
  if (available()) return;
  if (!is_directory(sys_path(kConfigfs)))
    throw Error(Exit::kNoInput,
                std::string(kConfigfs) +
                    ": this kernel has no configfs, through which USB gadgets are made",
                "CONFIG_CONFIGFS_FS, CONFIG_USB_CONFIGFS");
  throw Error(Exit::kNoInput, std::string(kAll) + ": the libcomposite module cannot be loaded",
              "modprobe libcomposite shows why");
}

Fd Gadget::lock(StopSignals& stop) {
  Fd directory = open_fd(sys_path(kAll), O_RDONLY | O_DIRECTORY);
  Poller poller(stop);
  while (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw Error::from_errno(std::string(kAll) + ": lock");
    poller.pause(std::chrono::milliseconds(50));
  }
  return directory;
}

std::string Gadget::path(const std::string& below) const {
  const std::string directory = sys_path(kAll) + "/" + name_;
  return below.empty() ? directory : directory + "/" + below;
}

GadgetTree Gadget::read() const {
  GadgetTree tree;
  if (!is_directory(path())) return tree;
  tree.directories.insert("");
  read_into(tree, path(), "");
  return tree;
}

void Gadget::apply(const GadgetStep& step) {
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

}  // namespace kvm
