// The one-time codes that were used, in a file, so that none is accepted twice: not by a server
// that has restarted, and not by another server with the same users.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace kvm {

class UsedCodes {
 public:
  explicit UsedCodes(std::string file) : file_(std::move(file)) {}

  // Throws Error if this user may not write to the file's folder, if others may, or if the file is
  // unusable.
  void check() const;

  // Notes that the secret `id`, a word, was used at `step`. false: it was used at this step or a
  // later one before. When this returns true, the file is on the disc. Throws Error; then the code
  // must not be accepted.
  bool use(const std::string& id, std::int64_t step);

 private:
  std::string file_;
};

}  // namespace kvm
