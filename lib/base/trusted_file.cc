#include "base/trusted_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"

namespace kvm {

namespace {

constexpr int kMostLinks = 40;  // as many as Linux follows

void check_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  struct stat status = {};
  if (::stat(folder.c_str(), &status) < 0) throw Error::from_errno(folder);
  const bool open = (status.st_mode & (S_IWGRP | S_IWOTH)) && !(status.st_mode & S_ISVTX);
  if (!is_trusted_owner(status.st_uid) || open)
    throw Error(Exit::kPermission, folder + ": other users may replace files in this folder");
}

}  // namespace

bool is_trusted_owner(unsigned uid) noexcept {
  return uid == 0 || uid == ::geteuid();
}

void check_way(const std::string& path) {
  std::string at = path;
  for (int i = 0; i < kMostLinks; ++i) {
    check_folder(at);
    struct stat status = {};
    if (::lstat(at.c_str(), &status) < 0 || !S_ISLNK(status.st_mode)) return;
    if (!is_trusted_owner(status.st_uid))
      throw Error(Exit::kPermission, at + ": another user's link");
    std::error_code error;
    const auto target = std::filesystem::read_symlink(at, error);
    if (error) return;
    at = (std::filesystem::path(at).parent_path() / target).string();
  }
}

std::string read_trusted_file(const std::string& path, Secrecy secrecy, std::size_t limit_bytes) {
  // Without O_NONBLOCK, to open a FIFO would wait for its writer.
  const Fd fd = open_fd(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status = {};
  if (::fstat(fd.get(), &status) < 0) throw Error::from_errno(path);
  if (!S_ISREG(status.st_mode)) throw Error(Exit::kConfig, path + ": not a regular file");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    throw Error(Exit::kConfig, path + ": other users may change it", "chmod go-w " + path);
  if (!is_trusted_owner(status.st_uid))
    throw Error(Exit::kPermission, path + ": another user owns this file");
  if (secrecy == Secrecy::kSecret && (status.st_mode & S_IROTH) != 0)
    throw Error(Exit::kConfig, path + ": everybody may read it", "chmod o-r " + path);
  check_way(path);
  return read_all(fd.get(), path, limit_bytes);
}

}  // namespace kvm
