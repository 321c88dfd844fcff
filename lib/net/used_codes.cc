#include "net/used_codes.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <map>

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/text.h"
#include "base/trusted_file.h"

namespace kvm {

namespace {

// By secret: the last step at which it was used.
using Steps = std::map<std::string, std::int64_t>;

Steps parse(std::string_view text, const std::string& file) {
  Steps steps;
  for (const std::string_view line : split(text, '\n')) {
    const auto parts = words(line);
    if (parts.empty()) continue;
    const auto step = parts.size() == 2 ? parse_number<std::int64_t>(parts[1]) : std::nullopt;
    if (!step) throw Error(Exit::kConfig, file + ": a line is not SECRET STEP");
    steps.emplace(parts[0], *step);
  }
  return steps;
}

std::string folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == file.npos ? "." : file.substr(0, slash + 1);
}

Steps read(const std::string& file) {
  struct stat status = {};
  if (::lstat(file.c_str(), &status) < 0 && errno == ENOENT) return {};
  return parse(read_trusted_file(file), file);
}

// Replaces the file in one step: after a power cut there is either the old file or the new one.
void write(const std::string& file, const Steps& steps, int folder) {
  std::string text;
  for (const auto& [id, step] : steps) text += id + ' ' + std::to_string(step) + '\n';
  const std::string fresh = file + ".new";
  ::unlink(fresh.c_str());  // left by a power cut
  const Fd fd = open_fd(fresh, O_WRONLY | O_CREAT | O_EXCL, 0600);
  write_all(fd.get(), text, fresh);
  if (::fsync(fd.get()) < 0) throw Error::from_errno(fresh + ": fsync");
  if (std::rename(fresh.c_str(), file.c_str()) < 0) throw Error::from_errno(file + ": rename");
  if (::fsync(folder) < 0) throw Error::from_errno(file + ": fsync of the folder");
}

}  // namespace

void UsedCodes::check() const {
  const std::string path = folder_of(file_);
  if (::access(path.c_str(), W_OK | X_OK) < 0) throw Error::from_errno(path);
  check_way(file_);
  read(file_);
}

bool UsedCodes::use(const std::string& id, std::int64_t step) {
  const std::string path = folder_of(file_);
  const Fd folder = open_fd(path, O_RDONLY | O_DIRECTORY);
  // The lock is on a file of its own because the file is replaced. Other users can lock whatever
  // they can open, so they must not be able to open this one.
  const Fd lock = open_fd(file_ + ".lock", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
  if (::fchmod(lock.get(), 0600) < 0 || ::flock(lock.get(), LOCK_EX) < 0)
    throw Error::from_errno(file_ + ".lock");
  Steps steps = read(file_);
  const auto [place, fresh] = steps.try_emplace(id, step);
  if (!fresh && place->second >= step) return false;
  place->second = step;
  write(file_, steps, folder.get());
  return true;
}

}  // namespace kvm
