// A library for LD_PRELOAD. It redirects accesses to /dev/videoN to the folder that FAKE_V4L2
// names.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>

#include "device.h"
#include "media.h"

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::string folder() {
  const char* path = getenv("FAKE_V4L2");
  return path ? path : "";
}

// The path in the folder that stands for `path`; empty for paths that are not redirected.
std::string played(const char* path) {
  const std::string base = folder();
  if (base.empty() || !path) return "";
  if (strcmp(path, "/dev") == 0 || strcmp(path, "/dev/") == 0) return base;
  for (const char* prefix : {"/dev/video", "/dev/v4l", "/dev/media"})
    if (strncmp(path, prefix, strlen(prefix)) == 0) return base + (path + 4);
  return "";
}

// "videoN", "mediaN" or "v4l-subdevN" if `path`, with its links followed, is a device; otherwise
// empty.
std::string device_at(const std::string& path) {
  char real[PATH_MAX];
  if (path.empty() || !realpath(path.c_str(), real)) return "";
  const char* name = strrchr(real, '/') + 1;
  for (const char* kind : {"video", "media", "v4l-subdev"})
    if (strncmp(name, kind, strlen(kind)) == 0) return name;
  return "";
}

template <class Stat>
void be_a_device(Stat& info, unsigned major_number, unsigned minor_number) {
  memset(&info, 0, sizeof info);
  info.st_mode = S_IFCHR | 0660;
  info.st_nlink = 1;
  info.st_rdev = makedev(major_number, minor_number);
}

template <class Stat>
void be_the_device(Stat& info, const std::string& name) {
  const auto number =
      static_cast<unsigned>(atoi(name.c_str() + name.find_first_of("0123456789", 3)));
  if (name.starts_with("media"))
    be_a_device(info, 250, number);
  else
    be_a_device(info, 81, name.starts_with("video") ? number : fake::subdev_minor(0) + number);
}

int open_path(const char* name, const char* path, int flags, mode_t mode) {
  const std::string place = played(path);
  if (place.empty()) return next<int (*)(const char*, int, ...)>(name)(path, flags, mode);
  const std::string device = device_at(place);
  if (device.starts_with("video")) return fake::Device::open(folder(), device, flags);
  if (!device.empty()) return fake::MediaNode::open(folder(), device);
  return next<int (*)(const char*, int, ...)>(name)(place.c_str(), flags, mode);
}

mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

// v4l2-ctl(1) reads the kind of a node from /sys/dev/char/81:N/uevent.
FILE* sysfs_file(const char* path) {
  int number = 0, end = 0;
  if (folder().empty() || !path ||
      sscanf(path, "/sys/dev/char/81:%d/uevent%n", &number, &end) < 1 || end == 0)
    return nullptr;
  const int memory = memfd_create("uevent", MFD_CLOEXEC);
  const int first = static_cast<int>(fake::subdev_minor(0));
  const char* kind = number < first ? "video" : "v4l-subdev";
  dprintf(memory, "MAJOR=81\nMINOR=%d\nDEVNAME=%s%d\n", number, kind, number % first);
  lseek(memory, 0, SEEK_SET);
  return fdopen(memory, "r");
}

// media-ctl(1) finds the name of a node behind the link /sys/dev/char/81:N.
std::string sysfs_link(const char* path) {
  int number = 0, end = 0;
  if (folder().empty() || !path || sscanf(path, "/sys/dev/char/81:%d%n", &number, &end) < 1 ||
      end == 0 || path[end] != '\0')
    return "";
  const int first = static_cast<int>(fake::subdev_minor(0));
  return "../../devices/" + std::string(number < first ? "video" : "v4l-subdev") +
         std::to_string(number % first);
}

template <class Stat>
int stat_path(const char* name, const char* path, Stat* info) {
  const std::string place = played(path);
  const std::string device = device_at(place);
  const char* real = place.empty() ? path : place.c_str();
  const int result = next<int (*)(const char*, Stat*)>(name)(real, info);
  if (result == 0 && !device.empty()) be_the_device(*info, device);
  return result;
}

template <class Stat>
int stat_fd(const char* name, int fd, Stat* info) {
  if (const fake::Device* device = fake::Device::find(fd)) {
    be_a_device(*info, 81, static_cast<unsigned>(device->number()));
    return 0;
  }
  if (const fake::MediaNode* node = fake::MediaNode::find(fd)) {
    be_a_device(*info, node->major_number(), node->minor_number());
    return 0;
  }
  return next<int (*)(int, Stat*)>(name)(fd, info);
}

void* map(const char* name, void* address, size_t length, int protection, int flags, int fd,
          off64_t offset) {
  const auto real = next<void* (*)(void*, size_t, int, int, int, off64_t)>(name);
  if (fake::Device* device = fd >= 0 ? fake::Device::find(fd) : nullptr) {
    const int memory = device->memfd_at(offset);
    if (memory < 0) {
      errno = EINVAL;
      return MAP_FAILED;
    }
    return real(address, length, protection, flags, memory, 0);
  }
  return real(address, length, protection, flags, fd, offset);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_path("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_path("open64", path, flags, mode);
}
int __open_2(const char* path, int flags) {
  return open_path("open", path, flags, 0);
}
int __open64_2(const char* path, int flags) {
  return open_path("open64", path, flags, 0);
}
int openat(int folder_fd, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  if (path[0] == '/') return open_path("open", path, flags, mode);
  return next<int (*)(int, const char*, int, ...)>("openat")(folder_fd, path, flags, mode);
}

int close(int fd) {
  fake::Device::close(fd);
  fake::MediaNode::close(fd);
  return next<int (*)(int)>("close")(fd);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  // Look this up only once: benchmarked programs call ioctl for every frame.
  static const auto real = next<int (*)(int, unsigned long, ...)>("ioctl");
  // Some libraries pass requests sign-extended from int.
  if (fake::Device* device = fake::Device::find(fd))
    return device->ioctl(request & 0xffffffffu, argument);
  if (fake::MediaNode* node = fake::MediaNode::find(fd))
    return node->ioctl(request & 0xffffffffu, argument);
  return real(fd, request, argument);
}

void* mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  return map("mmap", address, length, protection, flags, fd, offset);
}
void* mmap64(void* address, size_t length, int protection, int flags, int fd, off64_t offset) {
  return map("mmap64", address, length, protection, flags, fd, offset);
}

FILE* fopen(const char* path, const char* mode) {
  FILE* ours = sysfs_file(path);
  return ours ? ours : next<FILE* (*)(const char*, const char*)>("fopen")(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  FILE* ours = sysfs_file(path);
  return ours ? ours : next<FILE* (*)(const char*, const char*)>("fopen64")(path, mode);
}

DIR* opendir(const char* path) {
  const std::string place = played(path);
  return next<DIR* (*)(const char*)>("opendir")(place.empty() ? path : place.c_str());
}
ssize_t readlink(const char* path, char* into, size_t size) {
  if (const std::string link = sysfs_link(path); !link.empty()) {
    const size_t length = link.size() < size ? link.size() : size;
    memcpy(into, link.data(), length);
    return static_cast<ssize_t>(length);
  }
  const std::string place = played(path);
  const char* real = place.empty() ? path : place.c_str();
  return next<ssize_t (*)(const char*, char*, size_t)>("readlink")(real, into, size);
}
int access(const char* path, int mode) {
  const std::string place = played(path);
  return next<int (*)(const char*, int)>("access")(place.empty() ? path : place.c_str(), mode);
}

int stat(const char* path, struct stat* info) {
  return stat_path("stat", path, info);
}
int stat64(const char* path, struct stat64* info) {
  return stat_path("stat64", path, info);
}
int lstat(const char* path, struct stat* info) {
  return stat_path("lstat", path, info);
}
int lstat64(const char* path, struct stat64* info) {
  return stat_path("lstat64", path, info);
}
int fstat(int fd, struct stat* info) {
  return stat_fd("fstat", fd, info);
}
int fstat64(int fd, struct stat64* info) {
  return stat_fd("fstat64", fd, info);
}
int fstatat(int folder_fd, const char* path, struct stat* info, int flags) {
  if (!played(path).empty()) return stat_path("stat", path, info);
  return next<int (*)(int, const char*, struct stat*, int)>("fstatat")(folder_fd, path, info,
                                                                       flags);
}

}  // extern "C"
#pragma GCC visibility pop
